"""Items of the ledger: recorded ones of earlier versions, and malformed ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lightship.errors import LightshipError
from lightship.formats.base import Header
from lightship.jobs.ledger import chunks, items, jobs, tallies
from lightship.jobs.ledger.records import Cursor, Part, State, Tally
from lightship.jobs.ledger.requests import Options, Source

RECORDED: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("items.json").read_text())


def attributes(name: str, **changes: Any) -> dict[str, Any]:
    return {**items.to_attributes(RECORDED[name]), **changes}


def test_decode_job_of_earlier_version_has_facts_and_progress() -> None:
    job = jobs.decode(attributes("job"))
    assert (job.id, job.owner, job.model, job.version) == ("0" * 32, "ann", "quickstart", 1)
    assert (job.source, job.options) == (Source("jobs", "uploads/ann/1/p.csv", "v1", "e1", 214), Options(threshold=1))
    assert (job.state, job.chunks, job.rows, job.sealed) == (State.RUNNING, 3, 9, (1,))
    assert (job.cursor, job.header) == (Cursor(214, 10, 3), Header(("a", "b"), 4))
    assert (job.attempts, job.lease, job.given_up, job.upload) == (1, 1800000900.0, True, "u1")


def test_decode_chunk_of_earlier_version_ignores_removed_attributes() -> None:
    chunk = chunks.decode(attributes("chunk"))
    assert (chunk.index, chunk.first, chunk.rows, chunk.start, chunk.end) == (2, 7, 3, 150, 214)
    assert chunk.result is not None
    assert chunk.result.parts == {"output": Part("batch/quickstart/output/part-00002.csv", 120, "abc")}
    assert (chunk.result.rows, chunk.result.rejected, chunk.result.gigabyte_seconds) == (3, 1, 0.0)


def test_decode_tally_of_earlier_version_has_no_gigabyte_seconds() -> None:
    assert tallies.decode(attributes("tally")) == Tally(2, 8, 1, 1800000001.5, 0.5)


def test_decode_tally_without_counts_is_zero() -> None:
    assert tallies.decode({"job": "1", "item": "tally#0000"}) == Tally()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"facts": "{"}, "'facts'"),
        ({"facts": "{}"}, "'model'"),
        ({"state": "lost"}, "'job.state' must be one of splitting"),
        ({"cursor": "[]"}, "'job.cursor' must be an object"),
        ({"chunks": 1.5}, "'job.chunks' must be an integer, not 1.5"),
        ({"sealed": '["a"]'}, r"'job.sealed\[0\]' must be an integer, not 'a'"),
        ({"header": '{"columns": 7}'}, "'job.header.columns' must be a list, not 7"),
    ],
)
def test_decode_job_of_malformed_item_names_field(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(LightshipError, match=named):
        jobs.decode(attributes("job", **changes))


def test_decode_chunk_and_tally_of_malformed_items_raise() -> None:
    with pytest.raises(LightshipError, match="'chunk.index' must be an integer, not 'x'"):
        chunks.decode(attributes("chunk", item="chunk#x"))
    with pytest.raises(LightshipError, match="'many' is not a count"):
        tallies.decode(attributes("tally", c000000="many"))
