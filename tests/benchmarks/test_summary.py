"""The README's table."""

from __future__ import annotations

from typing import Any

from benchmarks.stacks import BUCKET_NAME
from benchmarks.summary import tables


def _stack(first: list[float], warm: list[float]) -> dict[str, Any]:
    return {"first_answer_ms": {"all": first}, "warm_event_ms": {"p50_by_round": warm}, "peak_memory_mib": None}


def _rates(*rates: float) -> dict[str, Any]:
    return {"1": {"requests_per_second": {"all": list(rates)}}}


RESULTS: dict[str, Any] = {
    "lambda": {
        "stacks": {
            "usual": _stack([4000, 3000, 5000], [100, 90, 110]),
            "lightship": _stack([100, 300, 200], [1, 2, 1]),
            BUCKET_NAME: _stack([400, 400, 400], [1, 1, 1]),
        }
    },
    "peers": {
        "same_model_inside": ["near (LiteRT)", "far (LiteRT)"],
        "servers": {"lightship": _rates(300, 200), "near (LiteRT)": _rates(400, 300), "far (LiteRT)": _rates(1, 1)},
    },
    "jobs": {
        "files": {
            "CSV": {
                "ways": {
                    "usual": {"rows_per_processor_second": {"all": [10, 20]}},
                    "lightship, 1 worker": {"rows_per_processor_second": {"all": [100, 80]}},
                }
            }
        }
    },
}


def test_summary_has_median_and_worst_round() -> None:
    (table,) = tables(RESULTS)
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["process start → first answer"] == ("usual", "4 s", "200 ms", "20x better", "10x better")
    assert rows["the same, models in S3"][-2:] == ("10x better", "7.5x better")
    assert rows["warm event, median"][-2:] == ("100x better", "45x better")
    assert "peak memory" not in rows
    assert rows["job of CSV, rows per second of a core"] == ("usual", "15/s", "90/s", "6x better", "4x better")


def test_summary_shows_worst_peer_and_says_who_is_better() -> None:
    (table,) = tables(RESULTS)
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["requests per second, 1 client"] == (
        "near (LiteRT), the same model",
        *("350/s", "250/s", "**1.4x worse**", "**2x worse**"),
    )


def test_summary_without_figures_has_no_table() -> None:
    assert tables({}) == []
