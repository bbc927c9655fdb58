from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from lightship.bundle import Bundle, write_manifest
from lightship.cli import lightship
from lightship.preprocessing import Program, Step, write_programs
from lightship.registry.registry import Registry
from tests.bundles import Registries


@pytest.fixture
def registry(registries: Registries) -> str:
    return str(registries.small)


def run(*words: str, stdin: bytes | str | None = None) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(lightship, words, input=stdin)


def test_models_lists_every_model(registry: str) -> None:
    table = run("models", "--registry", registry).output
    assert "pair" in table
    assert "a: float32 [any, 2]" in table
    records = json.loads(run("models", "--registry", registry, "--json").output)
    assert {record["name"] for record in records} >= {"pair", "words"}
    assert all(record["versions"] == [1] for record in records)


def test_models_empty_registry_prints_compile_command(tmp_path: Path) -> None:
    assert "lightship compile SOURCE" in run("models", "--registry", str(tmp_path)).output


def test_models_corrupt_bundle_is_listed_with_error(registry: str, tmp_path: Path) -> None:
    shutil.copytree(Path(registry) / "pair", tmp_path / "pair")
    (tmp_path / "pair" / "1" / "model.tflite").write_bytes(b"")
    (record,) = json.loads(run("models", "--registry", str(tmp_path), "--json").output)
    assert "model.tflite" in record["error"]


def test_models_malformed_state_is_listed_with_error(registry: str, tmp_path: Path) -> None:
    for name in ("pair", "modes"):
        shutil.copytree(Path(registry) / name, tmp_path / name)
    (tmp_path / "pair" / "state.json").write_text("{}")
    result = run("models", "--registry", str(tmp_path), "--json")
    assert result.exit_code == 0
    intact, broken = json.loads(result.output)
    assert (intact["name"], intact["version"]) == ("modes", 1)
    assert (broken["name"], broken["version"], broken["versions"]) == ("pair", None, [])
    assert "pair/state.json" in broken["error"]
    assert "pair/state.json" in run("models", "--registry", str(tmp_path)).output
    shown = run("show", "pair", "--registry", str(tmp_path))
    assert (shown.exit_code, "pair/state.json" in shown.output) == (2, True)


def test_show_prints_classes_and_manifest(registry: str) -> None:
    text = run("show", "scorer@1", "--registry", registry).output
    assert "low, high" in text
    record = json.loads(run("show", "scorer", "--registry", registry, "--json").output)
    assert (record["name"], record["version"], record["engine"]) == ("scorer", 1, "litert")
    assert record["signatures"][0]["outputs"][0]["classes"] == ["low", "high"]


def test_show_prints_rewrites_and_preprocessing(registry: str, tmp_path: Path) -> None:
    def add(folder: Path) -> Bundle:
        bundle = Bundle.open(Path(registry) / "modes" / "1").copy(folder)
        steps = [Step("arrays.cast", (f"x{n}",), (f"x{n + 1}",), {"dtype": "float32"}) for n in range(2)]
        records = write_programs(folder, {"serving_default": Program(tuple(steps), {"x": "x2"})})
        return write_manifest(folder, bundle.manifest._replace(rewrites=("one", "two"), preprocessing=records))

    changed = Registry(str(tmp_path))
    with changed.staging() as staged:
        changed.publish("modes", add(staged))
    lines = [line.split(maxsplit=1) for line in run("show", "modes", "--registry", str(tmp_path)).output.splitlines()]
    assert ["rewrites", "one; two"] in lines
    assert ["preprocessing", "2 steps (arrays.cast x2) for serving_default"] in lines
    record = json.loads(run("show", "modes", "--registry", str(tmp_path), "--json").output)
    assert (record["rewrites"], len(record["preprocessing"]["serving_default"]["steps"])) == (["one", "two"], 2)


def test_show_invalid_preprocessing_is_refused(registry: str, tmp_path: Path) -> None:
    changed = Registry(str(tmp_path))
    with changed.staging() as staged:
        bundle = Bundle.open(Path(registry) / "modes" / "1").copy(staged)
        changed.publish(
            "modes", write_manifest(staged, bundle.manifest._replace(preprocessing={"serving_default": []}))
        )
    result = run("show", "modes", "--registry", str(tmp_path))
    assert (result.exit_code, "preprocessing is invalid" in result.output) == (2, True)


@pytest.mark.parametrize("text", ["[1, 4]", '{"x": [1, 4]}', '{"input": [1, 4]}', "[[1, 4]]"])
def test_predict_reads_argument_or_standard_input(registry: str, text: str) -> None:
    for result in (
        run("predict", "modes", text, "--registry", registry, "--json"),
        run("predict", "modes", "--registry", registry, "--json", stdin=text),
        run("predict", "modes@1", "-", "--registry", registry, "--json", stdin=text),
    ):
        assert json.loads(result.output) == {"model": "modes", "version": 1, "predictions": [[2, 8]]}


def test_predict_reads_files(registry: str, registries: Registries, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,4\n2,3\n")
    (tmp_path / "body.json").write_text('{"input": [1, 4]}')
    for name, expected in (("rows.csv", [[2, 8], [4, 6]]), ("body.json", [[2, 8]])):
        result = run("predict", "modes", str(tmp_path / name), "--registry", registry, "--json")
        assert json.loads(result.output)["predictions"] == expected
    for word, expected in (("--header", [[4, 6]]), ("--no-header", [[2, 8], [4, 6]])):
        result = run("predict", "modes", str(tmp_path / "rows.csv"), word, "--registry", registry, "--json")
        assert json.loads(result.output)["predictions"] == expected
    assert json.loads(run("predict", "modes", "--registry", registry, "--json", stdin="1,4\n").output)[
        "predictions"
    ] == [[2, 8]]
    buffer = io.BytesIO()
    Image.new("L", (20, 20), 255).save(buffer, "JPEG")
    (tmp_path / "white.jpg").write_bytes(buffer.getvalue())
    for result in (
        run("predict", "digits", str(tmp_path / "white.jpg"), "--registry", str(registries.examples), "--json"),
        run("predict", "digits", "--registry", str(registries.examples), "--json", stdin=buffer.getvalue()),
    ):
        assert len(json.loads(result.output)["classes"][0]) == 10


def test_predict_csv_file_of_booleans_loses_no_row(registry: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("true,false\nfalse,true\n")
    result = run("predict", "flags", str(tmp_path / "rows.csv"), "--registry", registry, "--json")
    assert json.loads(result.output)["predictions"] == [[False, True], [True, False]]


def test_predict_prints_table_with_classes(registry: str) -> None:
    text = run("predict", "scorer", "[[0, 9], [9, 0]]", "--registry", registry).output
    assert "scorer version 1" in text
    assert "high" in text.splitlines()[4]
    assert "low" in text.splitlines()[5]


def test_predict_table_over_limit_prints_number_of_omitted_rows(registry: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("1,4\n" * 1000)
    words = ("predict", "modes", str(rows), "--registry", registry)

    def printed(*more: str) -> tuple[int, bool]:
        text = run(*words, *more).output
        return text.count("[2.0,8.0]"), "980 more" in text

    assert printed() == (20, True)
    assert printed("--limit", "1000") == (1000, False)
    assert printed("--limit", "0") == (1000, False)
    assert len(json.loads(run(*words, "--json").output)["predictions"]) == 1000
    target = tmp_path / "answer.json"
    assert printed("--output", str(target)) == (20, True)
    assert len(json.loads(target.read_bytes())["predictions"]) == 1000


def test_predict_table_of_several_outputs_has_one_line_per_row(registry: str) -> None:
    lines = run(
        "predict", "pair", '{"a": [[1, 2], [3, 4]], "b": [[1], [2]]}', "--registry", registry
    ).output.splitlines()
    assert sum("sum" in line and "product" in line for line in lines) == 2


def test_predict_table_truncates_long_cell(registry: str) -> None:
    text = run("predict", "wide", "[1]", "--registry", registry).output
    assert len(text) < 3000
    assert "…" in text


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["predict", "modes", "[1]"], "[any, 2], got [1, 1]"),
        (["predict", "modes", "nowhere.csv"], "'nowhere.csv'"),
        (["predict", "modes", "[1, 2"], "JSON"),
        (["predict", "modes", "[1, 2]", "--header"], "application/json"),
        (["predict", "table", "[99]"], "index"),
        (["predict", "modes"], "standard input"),
        (["predict", "modes", "pyproject.toml"], ".toml"),
        (["predict", "unknown", "[1]"], "'unknown'"),
        (["predict", "modes@9", "[1]"], "version 9"),
        (["predict", "modes@x", "[1]"], "NAME@VERSION"),
        (["show", "unknown"], "'unknown'"),
    ],
)
def test_command_wrong_argument_is_named_with_exit_code_2(registry: str, words: list[str], named: str) -> None:
    result = run(*words, "--registry", registry)
    assert result.exit_code == 2
    assert named in result.output
    assert "Traceback" not in result.output


def test_environment_invalid_variable_exits_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTSHIP_THREADS", "many")
    result = run("models")
    assert result.exit_code == 2
    assert "LIGHTSHIP_THREADS is 'many'" in result.output


def test_environment_of_ended_stack_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    for name, value in {**gone, **keys, "LIGHTSHIP_REGISTRY": "s3://lightship-local-bucket/models"}.items():
        monkeypatch.setenv(name, value)
    for words in (["models"], ["predict", "quickstart", "[1, 2, 3]"]):
        result = run(*words)
        assert result.exit_code == 2
        assert "http://127.0.0.1:9" in result.output
        assert "unset AWS_ENDPOINT_URL LIGHTSHIP_REGISTRY" in result.output


def at_80_columns(*words: str) -> str:
    return CliRunner(env={"COLUMNS": "80"}).invoke(lightship, words).output


def test_output_on_narrow_terminal_truncates_no_names(registries: Registries, tmp_path: Path) -> None:
    long = "a-name-of-forty-characters-for-one-model"
    shutil.copytree(registries.examples / "quickstart", tmp_path / long)
    assert long in at_80_columns("models", "--registry", str(tmp_path))
    shown = at_80_columns("show", long, "--registry", str(tmp_path))
    assert "columns  mean radius, mean texture, mean concavity\n" in shown


def test_help_command_summaries_fit_80_columns() -> None:
    groups = [[], *([name] for name, command in lightship.commands.items() if isinstance(command, click.Group))]
    assert len(groups) == 4
    for words in groups:
        assert "..." not in at_80_columns(*words, "--help").partition("Commands:")[2]


def test_help_has_usage_and_description() -> None:
    for words in ([], ["compile"], ["serve"], ["up"], ["models"], ["show"], ["predict"]):
        text = run(*words, "--help").output
        assert "Usage:" in text
        assert len(text.splitlines()) > 5


def test_show_prints_card(registries: Registries, tmp_path: Path) -> None:
    shutil.copytree(registries.small / "pair", tmp_path / "pair")
    bundle = Bundle.open(tmp_path / "pair" / "1")
    write_manifest(bundle.path, bundle.manifest._replace(card={"owner": "post@example.com"}))
    assert "post@example.com" in run("show", "pair", "--registry", str(tmp_path)).output
