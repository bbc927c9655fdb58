"""Forged worker answers, which the broker must refuse."""

from __future__ import annotations

import pytest

from tests.handlers.brokers import Broker
from tests.handlers.forger import app
from tests.handlers.test_compile import KERAS
from tests.handlers.workers import FORGER

FORGED = sorted(app.CASES.keys() - {"honest"})


def drop(broker: Broker, case: str, **changes: int) -> dict[str, object]:
    event = broker.put(f"incoming/{case}.keras", KERAS.read_bytes())
    assert broker.invoke(event, workers=broker.workers(FORGER), **changes) == []
    return broker.report(f"incoming/{case}.keras")


def test_broker_bundle_of_same_file_is_published(broker: Broker) -> None:
    """Prove that the forged cases below differ only in the forgery."""
    assert drop(broker, "honest")["state"] == "published"
    assert broker.registry.versions("honest") == [1]


@pytest.mark.parametrize("case", FORGED)
def test_broker_forged_answer_publishes_nothing(broker: Broker, case: str) -> None:
    report = drop(broker, case, largest=150_000)
    assert (report["state"], report["code"]) == ("refused", "compile_failed")
    assert broker.keys("models/") == []
    (announced,) = broker.cloud.receive_events()
    assert announced["detail-type"] == "Model Refused"
