"""What the broker does with an answer that a model file has forged."""

from __future__ import annotations

import pytest

from tests.handlers.forger import app
from tests.handlers.test_compile import KERAS
from tests.handlers.workers import FORGER
from tests.handlers.yards import Yard

FORGED = sorted(app.CASES.keys() - {"honest"})


def drop(yard: Yard, case: str, **changes: int) -> dict[str, object]:
    event = yard.put(f"incoming/{case}.keras", KERAS.read_bytes())
    assert yard.invoke(event, workers=yard.workers(FORGER), **changes) == []
    return yard.report(f"incoming/{case}.keras")


def test_broker_bundle_of_this_very_file_is_published(yard: Yard) -> None:
    """Otherwise the tests below could pass for another reason."""
    assert drop(yard, "honest")["state"] == "published"
    assert yard.registry.versions("honest") == [1]


@pytest.mark.parametrize("case", FORGED)
def test_broker_forged_answer_publishes_nothing(yard: Yard, case: str) -> None:
    report = drop(yard, case, largest=150_000)
    assert (report["state"], report["code"]) == ("refused", "compile_failed")
    assert yard.keys("models/") == []
    (announced,) = yard.cloud.hear()
    assert announced["detail-type"] == "Model Refused"
