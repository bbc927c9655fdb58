"""What the broker does with an answer that a model file has forged."""

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


def test_broker_bundle_of_this_very_file_is_published(broker: Broker) -> None:
    """Otherwise the tests below could pass for another reason."""
    assert drop(broker, "honest")["state"] == "published"
    assert broker.registry.versions("honest") == [1]


@pytest.mark.parametrize("case", FORGED)
def test_broker_forged_answer_publishes_nothing(broker: Broker, case: str) -> None:
    report = drop(broker, case, largest=150_000)
    assert (report["state"], report["code"]) == ("refused", "compile_failed")
    assert broker.keys("models/") == []
    (announced,) = broker.cloud.hear()
    assert announced["detail-type"] == "Model Refused"
