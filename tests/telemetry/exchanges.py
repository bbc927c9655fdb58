"""Exchanges for tests of observers: a successful prediction, with changes."""

from __future__ import annotations

from typing import Any

from lightship.telemetry.exchange import Exchange

_RIGHT = Exchange(
    method="POST",
    path="/models/churn/predict",
    route="/models/{name}/predict",
    status=200,
    refusal="",
    model="churn",
    version=3,
    rows=2,
    caller="token",
    correlation="my-id",
    time=1_700_000_000.25,
    seconds=0.0034567,
    sent=42,
)


def exchange(**changes: Any) -> Exchange:
    return _RIGHT._replace(**changes)
