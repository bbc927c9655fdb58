"""``lightship evaluate``: output, exit codes and messages."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from lightship.cli import lightship
from tests.bundles import Registries
from tests.evaluation import datasets


def run(registries: Registries, *words: str) -> Result:
    return CliRunner().invoke(lightship, [*words, "--registry", str(registries.examples)])


def test_evaluate_json_has_metrics_with_intervals(registries: Registries, tmp_path: Path) -> None:
    data = datasets.write_csv(tmp_path / "data.csv")
    result = run(registries, "evaluate", "quickstart", str(data), "--json", "--bootstrap", "50")
    record = json.loads(result.stdout)
    accuracy = record["evaluation"]["outputs"][0]["metrics"]["accuracy"]
    assert result.exit_code == 0
    assert (record["model"], record["version"], record["evaluation"]["data"]["rows"]) == ("quickstart", 1, 569)
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


def test_evaluate_prints_metrics_classes_slices_and_mistakes(registries: Registries, tmp_path: Path) -> None:
    data = datasets.write_csv(tmp_path / "data.csv")
    result = run(registries, "evaluate", "quickstart", str(data), "--slice", "site", "--bootstrap", "0")
    assert result.exit_code == 0
    for expected in ("569 rows", "accuracy", "malignant", "site", "worst mistakes"):
        assert expected in result.stdout


def test_evaluate_bad_row_is_refused_and_skipped(registries: Registries, tmp_path: Path) -> None:
    data = datasets.write_csv(tmp_path / "data.csv", rows=50)
    data.write_text(data.read_text() + "1,2,3,unknown,a\n")
    refused = run(registries, "evaluate", "quickstart", str(data))
    assert refused.exit_code == 2
    assert "data.csv, row 51, column 'malignancy'" in refused.output
    skipped = run(registries, "evaluate", "quickstart", str(data), "--skip-bad", "--bootstrap", "0")
    assert skipped.exit_code == 0
    assert "50 rows, 1 skipped" in skipped.stdout


def test_evaluate_skipped_image_is_named(registries: Registries, tmp_path: Path) -> None:
    images = datasets.write_images(tmp_path / "images")
    (images / "3" / "broken.png").write_bytes(b"no image")
    words = ("evaluate", "digits", str(images), "--skip-bad", "--bootstrap", "0")
    assert "skipped: 3/broken.png" in run(registries, *words).stdout
    record = json.loads(run(registries, *words, "--json").stdout)
    assert [skip["file"] for skip in record["evaluation"]["data"]["skips"]] == ["3/broken.png"]


def test_evaluate_missing_file_and_unknown_model_are_refused(registries: Registries, tmp_path: Path) -> None:
    data = datasets.write_csv(tmp_path / "data.csv", rows=5)
    assert run(registries, "evaluate", "quickstart", str(tmp_path / "no.csv")).exit_code == 2
    assert run(registries, "evaluate", "nothing", str(data)).exit_code == 2


def test_evaluate_report_is_written_as_page(registries: Registries, tmp_path: Path) -> None:
    data = datasets.write_csv(tmp_path / "data.csv", rows=100)
    page = tmp_path / "report.html"
    result = run(registries, "evaluate", "quickstart", str(data), "--bootstrap", "5", "--report", str(page))
    assert result.exit_code == 0
    assert "mean concavity" in page.read_text()


def test_evaluate_report_in_missing_folder_is_refused_at_once(registries: Registries, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("not the columns of the model\n1\n")
    page = tmp_path / "none" / "report.html"
    result = run(registries, "evaluate", "quickstart", str(tmp_path / "data.csv"), "--report", str(page))
    assert result.exit_code == 2
    assert str(page) in result.output.replace("\n", "")


def test_evaluate_single_class_is_warned_about(registries: Registries, tmp_path: Path) -> None:
    data = datasets.write_csv(tmp_path / "data.csv")
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], *(line for line in lines if "malignant" in line)]))
    result = CliRunner(mix_stderr=False).invoke(
        lightship,
        ["evaluate", "quickstart", str(data), "--bootstrap", "0", "--json", "--registry", str(registries.examples)],
    )
    assert result.exit_code == 0
    assert "data.csv, column 'malignancy': every target is 'malignant'" in result.stderr
    evaluation = json.loads(result.stdout)["evaluation"]
    assert evaluation["warnings"] == [result.stderr.removeprefix("warning: ").strip()]
    assert "one class" in evaluation["outputs"][0]["absent"]["roc_auc"]


def test_evaluate_one_row_and_more_skipped_rows_are_counted(registries: Registries, tmp_path: Path) -> None:
    data = datasets.write_csv(tmp_path / "data.csv", rows=1)
    data.write_text(data.read_text() + "1,2,3,unknown,a\n" * 25)
    result = run(registries, "evaluate", "quickstart", str(data), "--skip-bad", "--bootstrap", "0")
    assert "1 row, 25 skipped" in result.stdout
    assert "skipped: 20 more rows; --json lists the first 20" in result.stdout
