"""``lightship explain``: charts on a terminal, JSON, PNG."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from rich.console import Console

from lightship.calls import Explanation
from lightship.cli import lightship
from lightship.cli.output.attributions import number_of, show
from tests.bundles import Registries
from tests.emulator import ROOT

Run = Callable[..., Result]
ROW = "[14.1, 19.3, 0.09]"
SEVEN = str(ROOT / "examples" / "digits" / "seven.png")


@pytest.fixture
def explain(registries: Registries, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LIGHTSHIP_REGISTRY", str(registries.examples))
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner(mix_stderr=False).invoke(lightship, ["explain", *words], input=stdin)

    return run


def test_explain_prints_columns_by_contribution(explain: Run) -> None:
    result = explain("quickstart", ROW)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("quickstart version 1, row 1: malignancy malignant 0.5")
    assert "evaluations, error" in lines[1]
    assert {line.split("  ")[0] for line in lines[3:6]} == {"mean radius", "mean texture", "mean concavity"}
    assert "│████████████████" in lines[3]  # the largest first
    assert any("14.1" in line for line in lines[3:6])


def test_explain_with_json_prints_response(explain: Run) -> None:
    record = json.loads(explain("quickstart@1", "-", "--json", stdin=f'{{"input": {ROW}, "target": 0}}').stdout)
    assert (record["model"], record["version"]) == ("quickstart", 1)
    assert record["explanations"][0]["target"] == "benign"


def test_explain_with_target_explains_class(explain: Run) -> None:
    record = json.loads(explain("quickstart", ROW, "--target", "benign", "--json").stdout)
    assert record["explanations"][0]["target"] == "benign"


def test_explain_of_csv_prints_first_rows(explain: Run, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("mean radius,mean texture,mean concavity\n" + "14.1,19.3,0.09\n" * 5)
    text = explain("quickstart", str(table)).stdout
    assert text.count("quickstart version 1, row") == 3
    assert "2 more rows" in text
    assert explain("quickstart", str(table), "--limit", "0").stdout.count("row 5") == 1


def test_explain_of_image_draws_heat_map(explain: Run, tmp_path: Path) -> None:
    chart = tmp_path / "chart.png"
    result = explain("digits", SEVEN, "--output", str(chart))
    assert result.exit_code == 0, result.stderr
    assert "image:" in result.stdout
    with Image.open(chart) as image:
        assert image.size == (448, 448)
        pixels = np.asarray(image).astype(int)
    assert (pixels[..., 2] > pixels[..., 0] + 50).any()  # blue: for the prediction


@pytest.mark.parametrize("name", ["chart.svg", "chart.png", "chart.SVG"])
def test_explain_of_table_draws_bars(explain: Run, tmp_path: Path, name: str) -> None:
    chart = tmp_path / name
    result = explain("quickstart", ROW, "--output", str(chart))
    assert result.exit_code == 0, result.stderr
    if name == "chart.png":
        with Image.open(chart) as image:
            assert image.width == 720
    else:
        root = ElementTree.fromstring(chart.read_text())  # noqa: S314
        assert "mean radius = 14.1" in "".join(root.itertext())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("quickstart", ROW, "--target", "bird"), "'bird'"),
        (("quickstart", ROW, "--target", "2"), "'2'"),
        (("quickstart", ROW, "--output", "chart.pdf"), "chart.pdf"),
        (("quickstart", f"[{ROW}, {ROW}]", "--output", "chart.png"), "--limit 1"),
        (("digits", SEVEN, "--output", "chart.svg"), "chart.svg"),
        (("digits", SEVEN, "--header"), "--header"),
        (("quickstart", "[1, 2]"), "features"),
        (("missing", ROW), "'missing'"),
        (("quickstart", "nothing.csv"), "nothing.csv"),
    ],
)
def test_explain_of_wrong_argument_is_one_sentence(
    explain: Run, words: tuple[str, ...], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = explain(*words)
    assert result.exit_code == 2
    assert named in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_explain_beyond_evaluations_is_refused(explain: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTSHIP_EXPLAIN_EVALUATIONS", "7")
    result = explain("quickstart", ROW)
    assert result.exit_code == 2
    assert "LIGHTSHIP_EXPLAIN_EVALUATIONS" in result.stderr


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "rows.csv"
    path.write_text("mean radius,mean texture,mean concavity\n" + "14.1,19.3,0.09\n" * 200)
    return str(path)


def test_explain_with_limit_costs_only_limited_rows(explain: Run, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTSHIP_EXPLAIN_EVALUATIONS", "1500")
    assert explain("quickstart", table, "--json").exit_code == 2
    result = explain("quickstart", table, "--limit", "1")
    assert result.exit_code == 0, result.stderr
    assert "199 more rows" in result.stdout


def test_explain_with_limit_and_json_prints_limited_rows(explain: Run, table: str) -> None:
    assert len(json.loads(explain("quickstart", table, "--json", "--limit", "2").stdout)["explanations"]) == 2


def test_explain_with_limit_draws_first_row(explain: Run, table: str, tmp_path: Path) -> None:
    result = explain("quickstart", table, "--limit", "1", "--output", str(tmp_path / "chart.svg"))
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "chart.svg").is_file()


def test_command_line_imports_neither_engine_nor_pillow() -> None:
    code = "import sys, lightship.cli; print(*{'ai_edge_litert', 'PIL'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def explanation(**attributions: object) -> Explanation:
    return Explanation("occlusion", "y", None, 1.0, 0.0, 0.1, 7, attributions)  # type: ignore[arg-type]


def shown(row: Explanation, *cells: object, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=100, force_terminal=colour, color_system="truecolor" if colour else None
    )
    show(console, "title", row, cells)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_show_of_words_colours_text_and_ranks_words() -> None:
    row = explanation(text=(("not", -0.5), ("a\x1b[2J", 0.0), ("good", 1.0)))
    text = shown(row)
    assert "not a [2J good" in text
    assert text.index("good  ") < text.index("not  ")
    coloured = shown(row, colour=True)
    assert "48;2;108;160;207mgood" in coloured
    assert "48;2;233;203;178mnot" in coloured
    assert "\x1b[2J" not in coloured


def test_show_of_columns_has_bars_to_both_sides() -> None:
    lines = shown(explanation(age=-0.5, city=1.0), 40, b"Rome").splitlines()
    assert lines[3].split() == ["city", "Rome", "+1.0000", "│████████████████"]
    assert lines[4].split() == ["age", "40", "-0.5000", "████████│"]


def test_show_of_grid_has_line_for_each_row() -> None:
    lines = shown(explanation(image=np.array([[1.0, 0.0], [0.0, -1.0]]))).splitlines()
    assert [line.rstrip() for line in lines[-2:]] == ["  ██", "    ██"]


def test_show_of_many_columns_adds_up_rest() -> None:
    row = explanation(**{f"x{index}": float(index) for index in range(25)})
    text = shown(row, *range(25))
    assert "5 others" in text
    assert "+10.0000" in text


def test_number_of_log_odds_names_scale() -> None:
    row = explanation(a=1.0)._replace(scale="log_odds", target=0)
    assert number_of(row) == "y 0 1.0000 (log odds)"
    assert number_of(row._replace(scale="output", target=None)) == "y 1.0000"


def test_show_of_equal_values_and_missing_cells_has_no_bars() -> None:
    text = shown(explanation(a=0.0, b=0.0), None, float("nan"))
    assert "█" not in text
    assert "nan" in text
