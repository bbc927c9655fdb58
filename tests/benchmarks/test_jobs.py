"""Benchmarks of jobs: comparison of rows, goals, and the estimate for AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks import scale
from benchmarks.goals import beside_bound, comparisons, growth
from benchmarks.jobs import bound, inputs, truth
from benchmarks.jobs.generated import Generated, served
from benchmarks.jobs.part import summary
from benchmarks.stacks import compiled
from benchmarks.tables import tables
from lightship.model import Model
from tests.bundles import Registries

TRUTH = b"a,predicted_m,probability_no,probability_yes\n1,no,0.75,0.25\n2.5,yes,0.1,0.9\n"
HEAD = b"a,predicted_m,probability_no,probability_yes\n"


def way(rate: float) -> dict[str, Any]:
    figure = {"median": rate}
    return {
        "rows_per_second": figure,
        "rows_per_processor_second": figure,
        "start_processor_seconds": {"median": 1.0},
        "peak_memory_mib": {"median": 200.0},
    }


def watched(megabytes: float, peak: float) -> dict[str, Any]:
    return {"megabytes": megabytes, "rows": 10, "chunks": 2, "processor_seconds": 5.0, "peak_memory_mib": peak}


PART: dict[str, Any] = {
    "files": {
        "CSV": {
            "input": "CSV",
            "rows": 10**6,
            "bytes": 20 * 10**6,
            "rounds": 1,
            "ways": {
                "usual": way(1e5),
                "bound": way(2e6),
                "lightship, 1 worker": way(1.1e6),
                "lightship, 2 workers": way(1e6),
            },
        }
    },
    "memory": {"split": [watched(20, 90), watched(2000, 91)], "score": [watched(20, 100), watched(2000, 120)]},
    "events": {"a record": {"processor_p50_us": 150.0, "p50_us": 2000.0, "records": 10}},
}


def test_truth_check_equal_files_in_parts_passes() -> None:
    truth.check("way", [TRUTH], TRUTH)
    truth.check("way", [HEAD + b"1.0,no,0.75004,0.25\n", HEAD + b"2.5,yes,0.1,0.9\n"], TRUTH)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (b"2.5,yes,0.1,0.8\n", "row 2"),
        (b"2.5,no,0.1,0.9\n", "row 2"),
        (b"2.6,yes,0.1,0.9\n", "row 2"),
        (b"2.5,yes,0.1,nan\n", "row 2"),
        (b"", "1 rows.* 2"),
    ],
)
def test_truth_check_wrong_row_is_named(row: bytes, named: str) -> None:
    with pytest.raises(AssertionError, match=f"way .*{named}"):
        truth.check("way", [HEAD + b"1,no,0.75,0.25\n" + row], TRUTH)


def test_truth_check_keys_are_compared_without_prefix() -> None:
    head = b"key,predicted_digit,probability_0,probability_1\n"
    truth.check("way", [head + b"some/where/1.png,1,0.1,0.9\n"], head + b"1.png,1,0.1,0.9\n")
    with pytest.raises(AssertionError, match="row 1"):
        truth.check("way", [head + b"some/where/2.png,1,0.1,0.9\n"], head + b"1.png,1,0.1,0.9\n")


def test_bound_score_table_matches_model(registries: Registries, tmp_path: Path) -> None:
    source = inputs.table(5000, tmp_path)
    bound.score_table(bound.LiteRT(str(compiled(registries.examples))), source.path, tmp_path / "scored.csv")
    written = (tmp_path / "scored.csv").read_bytes()
    assert len(written.splitlines()) == 1 + source.rows
    truth.check("the bound", [written], original(registries, source.path.read_bytes()))


def original(registries: Registries, data: bytes) -> bytes:
    """Return the expected file, computed by the library's model."""
    from lightship.calls import Call

    rows = np.loadtxt(data.decode().splitlines()[1:], np.float32, delimiter=",")
    model = Model.open(compiled(registries.examples).parent)
    malignant = model.predict(Call({"features": rows})).outputs["malignancy"][:, 0].tolist()
    lines = [
        f"{text},{'malignant' if p > 0.5 else 'benign'},{1 - p!r},{p!r}"
        for text, p in zip(data.decode().splitlines()[1:], malignant, strict=True)
    ]
    head = f"{data.decode().splitlines()[0]},predicted_malignancy,probability_benign,probability_malignant"
    return "\n".join([head, *lines, ""]).encode()


def test_generated_object_is_equal_in_all_ranges() -> None:
    source = Generated(b"1,2,3\n44,5,6\n", 7)
    whole = inputs.COLUMNS + source.block * 7
    assert source.size == len(whole)
    with served(source) as address, httpx.Client(trust_env=False) as client:
        for span, expected in (("0-", whole), ("37-52", whole[37:53]), (f"{len(whole) - 4}-", whole[-4:])):
            answer = client.get(f"{address}/jobs/generated.csv", headers={"Range": f"bytes={span}"})
            assert (answer.status_code, answer.content) == (206, expected)


def test_comparisons_of_jobs_use_pandas_and_bound() -> None:
    (comparison,) = comparisons({"jobs": PART})
    assert comparison.ratio == pytest.approx(11)
    assert comparison.verdict == "aim of 10x met"
    assert beside_bound(PART) == {"CSV": pytest.approx(0.55)}
    assert growth(PART) == {"split": pytest.approx(91 / 90), "score": pytest.approx(1.2)}
    rows = {table.title: table.rows for table in tables({"jobs": PART})}
    ours = rows["A job of 1,000,000 rows (CSV), file to file, 1 rounds"][2]
    assert ours[3:5] == ("11x", "55%")
    assert ours[-1] == "aim of ≥ 70% of the bound missed"
    memory = rows["Memory of a job by size of the file"]
    assert [row[-2:] for row in memory] == [
        ("", ""),
        ("1.01x", "aim of ≤ 1.1x met"),
        ("", ""),
        ("1.20x", "aim of ≤ 1.1x missed"),
    ]


def test_tables_without_figures_contain_reason() -> None:
    (table,) = tables({"jobs": {"not_measured": "no /proc"}})
    assert table.rows == (("not measured here: no /proc", ""),)
    assert scale.tables({"jobs": {"not_measured": "no /proc"}}) == scale.tables({}) == []


def test_summary_of_rounds_contains_median_rates() -> None:
    seen = [
        {"seconds": s, "processor_seconds": s / 2, "start_processor_seconds": 1.0, "peak_memory_mib": 9.0}
        for s in (1.0, 2.0, 4.0)
    ]
    found = summary(100, seen)
    assert found["rows_per_second"]["median"] == 50
    assert found["rows_per_processor_second"]["all"] == [200, 100, 50]


def test_estimate_equals_manual_calculation() -> None:
    job = scale.estimate(PART)
    assert job.megabytes == 20_000
    assert job.chunks == 2385  # 20 GB in chunks of 8 MiB
    assert job.chunk_seconds == pytest.approx(10**9 / 2385 / 1.1e6 + 3 * 20_000 / 2385 / 85 + 0.07)
    # 400 MB/s of a core are 231 of the template's 1024 MB; one connection gives 85.
    assert job.split_seconds == pytest.approx(20_000 / 85 + 238.5 * 12 * 0.01)
    limits = job.limits()
    assert limits["1,000 writes per second to one job's items"] == pytest.approx(11.925)
    assert limits["1,000 functions at once"] == pytest.approx(job.work / 1000)
    assert max(limits, key=lambda name: limits[name]) == "one function reads the file to split it"
    dollars = job.costs()
    assert dollars["S3"] == pytest.approx(2385 * 5.4e-6)
    assert dollars["DynamoDB"] == pytest.approx(2385 * (5 * 0.625 + 2 * 0.125) / 1e6)


UNTIL_FULL = 5 * 199 + 2.5 * 199**2  # work after t seconds is 5 t + 2.5 t²; 1000 functions run after 199 seconds


@pytest.mark.parametrize(("work", "seconds"), [(0, 0), (7.5, 1), (200, 8), (UNTIL_FULL, 199), (UNTIL_FULL + 3000, 202)])
def test_ramp_starts_with_five_functions_and_adds_five_per_second(work: float, seconds: float) -> None:
    assert scale.ramp(work) == pytest.approx(seconds)


def test_tables_list_measured_chunks() -> None:
    assert "| chunks | 2,385 |" in "\n".join(table.to_markdown() for table in scale.tables({"jobs": PART}))
