"""Pages of the benchmarks: their tables are those of the committed figures."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmarks import report
from benchmarks.__main__ import PARTS, command
from benchmarks.report import DOCS, PAGES, Page


def _run(command: str) -> dict[str, Any]:
    machine = {"processor": "P", "cores": 2, "system": "Linux", "load_average_before": 0.1, "versions": {"python": "3"}}
    return {"command": command, "date": "2026-11-27T06:06:48+00:00", "machine": machine}


def _preprocessing(run: dict[str, Any]) -> dict[str, Any]:
    figures = {"program_us": 6.0, "compiled_us": 12.0, "signature_us": 150.0, "predict_us": 70.0}
    return {"run": run, "models": {"Hashing": {"1": figures}}}


# A new part has no figures until it is measured on a quiet machine.
MEASURED = [page for page in PAGES if any(part in report.load() for part in page.parts)]


@pytest.mark.parametrize("page", MEASURED, ids=lambda page: page.path)
def test_page_from_committed_figures_equals_committed_page(page: Page) -> None:
    assert report.filled(page, report.load()) == (DOCS / page.path).read_text()


def test_pages_have_tables_of_every_part() -> None:
    assert {part for page in PAGES for part in page.parts} == set(PARTS)


def test_parts_of_several_runs_are_named() -> None:
    registry = {"stores": {}, "many": [], "refresh_seconds": 2.0, "run": _run("earlier")}
    results = {"registry": registry, "preprocessing": _preprocessing(_run("later"))}
    text = report.filled(Page("benchmarks/README.md", ("registry", "preprocessing")), results)
    assert "- registry: `earlier` on 2026-11-27" in text
    assert "- preprocessing: `later` on 2026-11-27" in text


def test_page_without_figures_is_not_written() -> None:
    assert report.filled(Page("benchmarks/trees.md", ("trees",)), {"preprocessing": _preprocessing(_run("one"))}) == ""


def test_command_of_parts_has_options_without_paths() -> None:
    assert command((), quick=False) == "python -m benchmarks"
    assert command(("web", "explain"), quick=True) == "python -m benchmarks --quick --part web --part explain"


@pytest.mark.parametrize("part", report.load())
def test_recorded_command_has_parts_alone(part: str) -> None:
    recorded = report.load()[part]["run"]["command"]
    assert re.fullmatch(r"python -m benchmarks( --part [a-z]+)*", recorded)
