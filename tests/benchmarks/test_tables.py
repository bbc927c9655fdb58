"""Goals and tables of the benchmarks."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.goals import beside_peers, bucket_start, comparisons
from benchmarks.stacks import BUCKET_NAME
from benchmarks.table import Table, shown
from benchmarks.tables import tables


def _stack(first: float, warm: float, memory: float) -> dict[str, Any]:
    return {
        "first_answer_ms": {"median": first, "min": first, "max": 2 * first},
        "warm_event_ms": {"p50": warm, "p99": warm, "events": 10},
        "peak_memory_mib": {"median": memory},
    }


def _served(rate: float) -> dict[str, Any]:
    figures = {"requests_per_second": {"median": rate}, "latency_ms": {"p50": 1.0, "p99": 2.0, "requests": 10}}
    return {"1": figures, "16": figures}


def _moments(interactive: float) -> dict[str, Any]:
    """Return moments of a page whose longest task ends last."""
    earlier = {"median": interactive / 2, "max": interactive / 2}
    return {
        **dict.fromkeys(("loaded", "usable", "complete"), earlier),
        **{key: {"median": interactive, "max": 3 * interactive} for key in ("task", "interactive")},
    }


QUESTIONED = {"first_ms": 60.0, "first_requests": 3, "again_ms": 6.0, "again_requests": 3}

RESULTS: dict[str, Any] = {
    "lambda": {
        "rounds": 1,
        "stacks": {
            "usual": _stack(4000, 120, 600),
            "tuned": _stack(3000, 50, 600),
            "lightship": _stack(100, 0.2, 50),
            "bare": _stack(80, 0.16, 40),
            BUCKET_NAME: _stack(150, 0.2, 50),
        },
    },
    "server": {
        "rounds": 1,
        "servers": {"usual": _served(10), "tuned": _served(20), "lightship": _served(6000)},
    },
    "peers": {
        "rounds": 1,
        "servers": {"lightship": _served(6000), "bentoml (LiteRT)": _served(3000), "bentoml (TensorFlow)": _served(60)},
        "versions": {"bentoml": "1.2.3"},
        "same_model_inside": ["bentoml (LiteRT)"],
    },
    "protocols": {
        "models": {
            "quickstart": {
                "inputs": 3,
                "ways": {
                    "bound": {"bound": "bound", "p50_us": 5, "p99_us": 6, "requests": 10, "times_bound": 1.0},
                    "native": {"bound": "bound", "p50_us": 20, "p99_us": 2000, "requests": 10, "times_bound": 4.0},
                },
            }
        }
    },
    "registry": {
        "refresh_seconds": 2.0,
        "stores": {"folder": {"p50_us": 10, "p99_us": 20, "processor_p50_us": 200, "questions": 10}},
        "many": [{"store": "S3", "models": 1, "question": "readiness", **QUESTIONED}],
    },
    "compile": {
        "models": {"mlp": {"bytes": 2**20, "seconds": {"start": 0.5, "load": 1.5}, "peak_bytes": {"load": 2**29}}},
    },
    "evaluation": {
        "tasks": {
            "2 classes": {
                "100000": {"rows": 100_000, "seconds": 1.0, "peak_memory_mib": 90.0},
                "1000000": {"rows": 1_000_000, "seconds": 8.0, "peak_memory_mib": 95.0},
            }
        },
        "files": {
            "100000": {"rows": 100_000, "seconds": 2.5, "peak_memory_mib": 150.0},
            "1000000": {"rows": 1_000_000, "seconds": 25.0, "peak_memory_mib": 160.0},
        },
    },
    "explain": {
        "models": {
            "quickstart": {
                "features": 3,
                "predict_us": 4.0,
                "methods": [{"method": "integrated_gradients", "explain_us": 200.0, "evaluations": 32}],
            }
        },
        "kernel": {
            "rectifiers": {
                "method": "integrated_gradients",
                "lightship_us": 1e3,
                "shap_us": {"us": 3e5, "worst": 150.0, "median": 300.0},
                "keras_us": {"us": 3e6, "worst": 1500.0, "median": 3000.0},
            }
        },
        "trees": {"Forest": {"shap_us": {"1": 900.0, "32": 9e3}, "lightship_us": {"1": 300.0, "32": 4e3}}},
    },
    "trees": {
        "models": {
            "XGBoost": {
                "bytes": 2000,
                "compiled_bytes": 500,
                "rows": {
                    "1": {"library_us": 250.0, "compiled_us": 20.0},
                    "1024": {"library_us": 1000.0, "compiled_us": 2000.0},
                },
            }
        }
    },
    "preprocessing": {
        "models": {
            "Hashing": {"1": {"program_us": 6.0, "compiled_us": 12.0, "signature_us": 150.0, "predict_us": 70000.0}}
        }
    },
    "web": {
        "rounds": 15,
        "chromium": "156.0",
        "weight": {
            "pages": {"models": {"index.html": 700, "app/index.js": 64_300}, "Try it": {"app/index.js": 130_000}},
            "later": {
                "charts": {"app/uPlot.css": 700},
                "LiteRT.js": {"app/dist.js": 7_000, "app/litert.wasm": 2_800_000},
            },
        },
        "moments_ms": {"here": {"models": _moments(400)}, "4x CPU, Fast 4G": {"models": _moments(2000)}},
        "device": {
            "models": {
                "quickstart": {
                    "here": {"p50_ms": 0.3, "p99_ms": 0.9},
                    "there": {"p50_ms": 2.5, "p99_ms": 4.0},
                    "predictions": 500,
                    "difference": 6e-8,
                },
                "logistic": {"not_in_page": "The server computes its inputs."},
            },
            "loading_ms": {"here": {"median": 300.0, "max": 400.0}},
        },
    },
    "image": {"not_measured": "no Docker engine answers"},
}


def test_comparisons_use_usual_way_for_goals() -> None:
    found = {comparison.figure: comparison for comparison in comparisons(RESULTS)}
    warm = found["warm event, p50"]
    assert warm.ratio == pytest.approx(600)
    assert warm.beside_tuned == pytest.approx(250)
    assert warm.verdict == "met: ≥ 300x"
    rate = found["requests per second, 16 at once"]
    assert (rate.ratio, rate.beside_tuned, rate.verdict) == (600, 300, "met: ≥ 300x")


def test_bucket_start_is_relative_to_image() -> None:
    limit = bucket_start(RESULTS)
    assert limit is not None
    assert (limit.value, limit.verdict) == (1.5, "MISSED: ≤ 1.25x")
    assert bucket_start({}) is None


def test_beside_peers_only_same_model_has_goal() -> None:
    found = beside_peers(RESULTS)
    assert found["bentoml (LiteRT)", "16"].verdict == "MISSED: ≥ 3x"
    assert found["bentoml (TensorFlow)", "16"].ratio == 100
    assert found["bentoml (TensorFlow)", "16"].verdict == "no goal"


def test_tables_of_every_part_contain_figures() -> None:
    rows = {table.title: {row[0]: row[1:] for row in table.rows} for table in tables(RESULTS)}
    assert rows["Ratios and goals"]["warm event, p50"] == ("120 ms", "0.2 ms", "600x", "met: ≥ 300x", "50 ms", "250x")
    assert rows["Other servers over loopback: bentoml 1.2.3, 1 rounds"]["bentoml (LiteRT)"][-2:] == (
        "2x",
        "MISSED: ≥ 3x",
    )
    assert rows["Appendix: one request in the process, 3 numbers (quickstart)"]["native"] == (
        *("20 µs", "2 ms", "10", "4.00x"),
    )
    assert rows["Check of a model's state for changes, at most every 2 s"]["folder"][3] == "0.01%"
    assert rows["Compile: seconds of each stage"]["mlp"][:4] == ("1 MiB", "0.5 s", "0 s", "1.5 s")
    assert rows["Compile: seconds of each stage"]["mlp"][-1] == "2 s"
    assert rows["Compile: peak memory of each stage"]["mlp"][3] == "512 MiB"
    assert rows["Metrics with 200 bootstrap replicates, one core, without the model"]["2 classes"] == (
        *("125,000/s", "90 MiB", "95 MiB"),
    )
    assert rows["Processor time of a call: library → compiled model, ratio"]["XGBoost"] == (
        *("2 kB", "0.25"),
        *("250 µs → 20 µs, 12.5x", "1 ms → 2 ms, 0.5x"),
    )
    assert rows["Processor time per row"]["Hashing"] == ("1", "6 µs", "12 µs", "150 µs", "70 ms")
    assert rows["The web application: goals"] == {
        "models: before charts and LiteRT.js": ("65 kB", "met: ≤ 120 kB"),
        "Try it: before charts and LiteRT.js": ("130 kB", "MISSED: ≤ 120 kB"),
        "models: interactive, here": ("400 ms", "met: ≤ 1 s"),
        "models: interactive, 4x CPU, Fast 4G": ("2 s", "no goal"),
    }
    assert rows["Page weight: first load, cold cache, compressed"]["app/index.js"] == ("64.3 kB", "130 kB")
    assert rows["Until a page is interactive: cold cache, median of 15 loads, Chromium 156.0"]["models: here"] == (
        *("200 ms", "200 ms", "400 ms", "400 ms", "1.2 s", "200 ms"),
    )
    beside = rows["One prediction in the browser, beside the server's over loopback"]
    assert beside["quickstart"] == ("0.3 ms", "0.9 ms", "2.5 ms", "4 ms", "500", "6e-08")
    assert beside["logistic"][0] == "not in the page"
    assert rows["Image"] == {"not measured here: no Docker engine answers": ("",)}


@pytest.mark.parametrize("part", sorted(RESULTS))
def test_tables_of_one_part_have_equal_columns(part: str) -> None:
    for table in tables({part: RESULTS[part]}):
        assert all(len(row) == len(table.columns) for row in table.rows), table.title


def test_markdown_has_line_per_row() -> None:
    table = Table("Title", ("", "figure"), (("one", "1"), ("two", "2")))
    assert table.to_markdown() == "### Title\n\n|  | figure |\n| --- | ---: |\n| one | 1 |\n| two | 2 |"


def test_shown_has_three_significant_digits() -> None:
    assert [shown(*figure) for figure in ((0.1234, "ms"), (1234.0, "ms"), (1234.0, "µs"), (1234.4, "/s"))] == [
        "0.123 ms",
        "1.23 s",
        "1.23 ms",
        "1,234/s",
    ]
