"""The part ``web``: figures of every page and model; no timings are checked."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.examples import Example, predict_examples
from benchmarks.table import Table
from benchmarks.web import browser, part
from benchmarks.web.device import MODELS
from benchmarks.web.pages import PAGES
from benchmarks.web.weight import name_of
from tests.emulator import EXAMPLES

KERAS_MODEL = EXAMPLES.parent / "quickstart.keras"
PLAN = part.Plan(rounds=1, litert_rounds=1, predictions=3, conditions=(browser.HERE,))


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Return a registry of the models that the part measures."""
    for source in (EXAMPLES / "quickstart", EXAMPLES / "digits", EXAMPLES.parent / "sklearn" / "logistic"):
        shutil.copytree(source, tmp_path / source.name)
    return tmp_path


@pytest.mark.browser
def test_web_part_measures_every_page_and_model(registry: Path) -> None:
    steps: list[str] = []
    figures = part.measure(registry, KERAS_MODEL, predict_examples(KERAS_MODEL), PLAN, steps.append)
    assert len(steps) == part.steps(PLAN)
    pages, later = figures["weight"]["pages"], figures["weight"]["later"]
    assert list(pages) == [page.name for page in PAGES]
    assert all(
        {"index.html", "app/index.js", "app/index.css", "app/settings.json"} <= files.keys() for files in pages.values()
    )
    assert pages["models"]["models"] > 0
    assert pages["Try it, digits"]["models/digits/predict"] > 0
    assert set(later["charts"]) == {"app/uPlot.css", "app/uPlot.esm.js"}
    assert later["LiteRT.js"]["app/litert_wasm_compat_internal.wasm"] > 1_000_000
    assert not any(later[group].keys() & files.keys() for group in later for files in pages.values())
    for moments in figures["moments_ms"]["here"].values():
        (interactive,), (loaded,), (usable,) = (moments[key]["all"] for key in ("interactive", "loaded", "usable"))
        assert interactive >= max(loaded, usable) > 0
    models = figures["device"]["models"]
    assert {name: each.get("predictions") for name, each in models.items()} == dict.fromkeys(MODELS, 3)
    assert json.loads(json.dumps(figures)) == figures
    assert _aligned(part.tables({"web": figures}))


def test_web_part_without_chromium_returns_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    figures = part.measure(tmp_path, KERAS_MODEL, list[Example](), PLAN, print)
    assert figures == {"not_measured": "there is no chromium on the PATH"}
    (table,) = part.tables({"web": figures})
    assert table.rows[0][0] == "not measured here: there is no chromium on the PATH"
    assert _aligned([table])


def test_missing_without_playwright_names_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright", None)
    assert "playwright" in str(browser.missing())


def test_chromium_without_start_raises_runtime_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="chromium"), browser.chromium():
        pass


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "index.html"),
        ("app/index-DNzp5x0K.js", "app/index.js"),
        ("app/uPlot.esm-BScb58at.js", "app/uPlot.esm.js"),
        ("app/settings.json", "app/settings.json"),
        ("models/my-modelab/form?version=2", "models/my-modelab/form"),
    ],
)
def test_name_of_address_has_no_hash_and_query(path: str, name: str) -> None:
    assert name_of(f"http://127.0.0.1:1/{path}", "http://127.0.0.1:1/") == name


def _aligned(tables: list[Table]) -> bool:
    return all(len(row) == len(table.columns) for table in tables for row in table.rows)
