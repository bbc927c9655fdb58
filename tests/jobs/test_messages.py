"""Messages of the queues: recorded ones keep their form, malformed ones are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lightship.errors import InvalidInput, Unavailable
from lightship.jobs import messages, redriven
from lightship.jobs.cloud import Cloud
from lightship.jobs.messages import MOST_HOPS, SCORING, SPLITTING, Message, Run, Score, Split
from lightship.jobs.score import score
from lightship.jobs.split import plan

EVERY = {**SPLITTING, **SCORING}
RECORDED: list[dict[str, Any]] = json.loads(Path(__file__).with_name("messages.json").read_text())

HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({}, "schema None"),
    ({"schema": 2, "chunk": {"job": "0f", "index": 0}}, "schema 2"),
    ({"schema": 1}, "one of"),
    ({"schema": 1, "split": {"job": "0f"}, "retry": {"job": "0f", "indices": []}}, "one of"),
    ({"schema": 1, "split": None}, "'split' must be an object, not None"),
    ({"schema": 1, "split": {}}, "'split' has no 'job': it must be a string"),
    ({"schema": 1, "split": {"job": 7}}, "'split.job' must be a string, not 7"),
    ({"schema": 1, "split": {"job": "0f"}, "hops": "x"}, "'hops' must be an integer, not 'x'"),
    ({"schema": 1, "retry": {"job": "0f", "indices": 1}}, "'retry.indices' must be a list, not 1"),
    ({"schema": 1, "retry": {"job": "0f", "indices": [0, True]}}, r"'retry.indices\[1\]' must be an integer, not True"),
    ({"schema": 1, "run": {"model": []}}, r"'run.model' must be a string, not \[\]"),
    ({"schema": 1, "chunk": {"job": "0f", "index": float("nan")}}, "'chunk.index' must be an integer, not nan"),
    ({"schema": 1, "chunk": {"job": "0f"}}, "'chunk' has no 'index': it must be an integer"),
    ({"schema": 1, "plan": "0f"}, "'plan' must be an object, not '0f'"),
    ({"schema": 1, "finish": [1]}, r"'finish' must be an object, not \[1\]"),
]


@pytest.mark.parametrize("body", RECORDED, ids=str)
def test_read_recorded_message_round_trip_is_equal(body: dict[str, Any]) -> None:
    assert json.loads(messages.read(body, EVERY).to_json()) == body


def test_read_message_without_optional_fields_has_defaults() -> None:
    assert messages.read({"schema": 1, "run": {}}, SPLITTING) == Message(Run())
    assert messages.read({"schema": 1, "chunk": {"job": "0f", "index": 2, "more": 1}}, SCORING) == Message(
        Score("0f", 2)
    )


@pytest.mark.parametrize(("body", "named"), HOSTILE)
def test_read_malformed_message_names_field(cloud: Cloud, body: dict[str, Any], named: str) -> None:
    handle = score.handle if body.keys() & SCORING.keys() else plan.handle
    with pytest.raises(InvalidInput, match=named):
        handle(body, cloud)
    redriven.revive(body, cloud)


def test_next_hop_beyond_limit_is_unavailable() -> None:
    assert Message(Split("0f"), hops=MOST_HOPS - 1).next_hop() == MOST_HOPS
    with pytest.raises(Unavailable):
        Message(Split("0f"), hops=MOST_HOPS).next_hop()
