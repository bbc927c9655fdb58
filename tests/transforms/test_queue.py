"""A model with a transform behind the queue of single predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lightship.dispatch.dispatcher import Dispatcher
from lightship.handlers.requests import Services
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from tests.bundles import Registries
from tests.handlers import conftest
from tests.handlers.records import with_bodies
from tests.handlers.test_requests import RequestsFunction
from tests.transforms.models import allowed, publish

cloud, loggers = conftest.cloud, conftest._loggers_as_before


@pytest.fixture
def function(cloud: Any, registries: Registries, tmp_path: Path) -> Iterator[RequestsFunction]:
    registry = Registry(str(tmp_path / "models"))
    publish(registry, registries.small)
    made = RequestsFunction(cloud, registry.location)
    serving = Serving(registry, Options(default="priced", transforms=allowed(tmp_path / "code")))
    made.services = Services(Dispatcher(serving), made.services.clients)
    yield made


def request(*cells: str) -> dict[str, Any]:
    return {"schema": 1, "id": cells[0], "request": {"path": "/predict", "body": {"input": [[*cells]]}}}


def test_queued_requests_run_transform_and_redeliver_exceptions(function: RequestsFunction) -> None:
    event = with_bodies("requests", request("1,5", "4"), request("raise", "1"), request("x", "1"))
    assert function.invoke(event) == ["message-2"]
    answers = {announced["detail"]["id"]: announced["detail"] for announced in function.cloud.receive_events()}
    assert {name: answer["status"] for name, answer in answers.items()} == {"1,5": 200, "x": 400}
    assert "n\u00f6" in answers["1,5"]["body"]
    assert "'x' is not an amount" in answers["x"]["body"]
