"""The command ``lightship report``: files, JSON, and versions without a report."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from lightship.cli import lightship
from tests.bundles import Registries
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import MEASUREMENTS, classes, report

CONTENT = report(classes(["no", "yes"]))


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(lightship, ["report", *words])


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> str:
    return str(with_report(registries.small, tmp_path / "models", content=CONTENT, measurements=MEASUREMENTS))


def test_report_writes_page(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("pair@1", "--registry", registry).output == "pair-1.html\n"
    assert "<h1><bdi>pair version 1</bdi></h1>" in (tmp_path / "pair-1.html").read_text()
    output = tmp_path / "report.html"
    assert run("pair", "--output", str(output), "--registry", registry).exit_code == 0
    assert output.read_text() == (tmp_path / "pair-1.html").read_text()


def test_report_open_without_browser_says_so(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    output = tmp_path / "report.html"
    result = run("pair", "--open", "--output", str(output), "--registry", registry)
    assert result.exit_code == 0
    assert output.is_file()
    assert f"no browser to open {output}" in result.output


def test_report_json_has_report_and_measurements(registry: str) -> None:
    record = json.loads(run("pair", "--json", "--registry", registry).output)
    assert record == {"model": "pair", "version": 1, "report": CONTENT, "measurements": MEASUREMENTS}


def test_report_figures_are_svg_files(registry: str, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "figures"
    result = run("pair", "--figures", str(folder), "--registry", registry)
    written = {path.name for path in folder.iterdir()}
    assert written >= {"confusion.svg", "roc.svg", "pr.svg", "calibration.svg", "thresholds.svg"}
    assert {Path(line).name for line in result.output.splitlines()} == written
    for path in folder.iterdir():
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["modes"], "'modes'"),
        (["pair@2"], "version 2"),
        (["pair", "--json", "--open"], "--open"),
        (["pair", "--json", "--figures", "x"], "--figures"),
        (["pair", "--figures", "x", "--output", "y.html"], "--output"),
        (["pair", "--output", "/nowhere/y.html"], "/nowhere/y.html"),
    ],
)
def test_report_mistake_is_refused(registry: str, words: list[str], named: str) -> None:
    result = run(*words, "--registry", registry)
    assert result.exit_code == 2
    assert named in result.output
    assert not Path("x").exists()


MALFORMED = ["[]", "{", '{"evaluation": 5}', "[" * 100_000, '{"a": NaN}', f'{{"a": 1{"0" * 400}}}']


@pytest.mark.parametrize("content", MALFORMED)
def test_malformed_report_is_refused_without_file(registries: Registries, tmp_path: Path, content: str) -> None:
    registry = with_report(registries.small, tmp_path / "models", content=content)
    result = run("pair", "--output", str(tmp_path / "page.html"), "--registry", str(registry))
    assert result.exit_code == 2
    assert "report.json" in result.output
    assert not (tmp_path / "page.html").exists()


def test_report_of_huge_range_is_refused_without_folder(registries: Registries, tmp_path: Path) -> None:
    residuals = {"predicted": [1.7e308, -1.7e308], "residual": [0, 1], "histogram": {"edges": [0, 1], "counts": [2]}}
    content = {"evaluation": {"outputs": [{"output": "y", "task": "number", "rows": 2, "residuals": residuals}]}}
    registry = with_report(registries.small, tmp_path / "models", content=content)
    result = run("pair", "--figures", str(tmp_path / "figures"), "--registry", str(registry))
    assert result.exit_code == 2
    assert "report.json" in result.output
    assert not (tmp_path / "figures").exists()


def test_version_without_report_is_refused(registries: Registries) -> None:
    result = run("pair", "--registry", str(registries.small))
    assert result.exit_code == 2
    assert "pair version 1 has no report" in result.output


def test_changed_report_is_refused(registry: str) -> None:
    (Path(registry) / "pair" / "1" / "report.json").write_text("{}")
    result = run("pair", "--json", "--registry", registry)
    assert result.exit_code == 2
    assert "pair/1/report.json" in result.output


@pytest.mark.parametrize("words", [("--json",), ("--output", "page.html")])
def test_report_beyond_bounds_is_refused(registries: Registries, tmp_path: Path, words: tuple[str, ...]) -> None:
    content = {"evaluation": {"worst": [{}] * 3000}}
    large = str(with_report(registries.small, tmp_path / "models", content=content))
    result = run("pair", *words, "--registry", large)
    assert result.exit_code == 2
    assert "report.json" in result.output
