"""A refused row has the same number in jobs, on the command line and over HTTP."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lightship.cli import lightship
from lightship.jobs.cloud import Cloud
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options
from lightship.settings import TransformSettings
from tests.bundles import Registries
from tests.jobs.clouds import moto_cloud
from tests.jobs.refusing import IMAGE, MODELS, TRANSFORM, publish
from tests.jobs.scoring import name_of, scored
from tests.serve import Answers

WRONG, ROWS = 7, 11
ALL = MODELS | {"image": IMAGE}
CASES = [(name, suffix) for name in ALL for suffix in ("csv", "json") if suffix == "json" or name in MODELS]


@pytest.fixture(scope="module")
def registry(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return publish(tmp_path_factory.mktemp("refusing") / "models", registries)


@pytest.fixture(scope="module")
def transforms(tmp_path_factory: pytest.TempPathFactory) -> TransformSettings:
    folder = tmp_path_factory.mktemp("transforms")
    (folder / "words.py").write_text(TRANSFORM)
    return TransformSettings(("words",), folder)


@pytest.fixture(scope="module")
def answers(registry: Registry, transforms: TransformSettings) -> Answers:
    return Answers(registry, Options(transforms=transforms))


@pytest.fixture
def jobs(registry: Registry, transforms: TransformSettings, request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """Yield a cloud with the model of the test's parameter ``name``."""
    model = request.getfixturevalue("name").replace(" ", "-")
    with moto_cloud(Path(registry.location), model) as made:
        yield dataclasses.replace(made, transforms=transforms)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


FORMATS = {"csv": as_csv, "jsonl": as_lines}


@pytest.mark.parametrize(
    ("name", "suffix"), [(name, suffix) for name in ALL for suffix in FORMATS if (name, suffix) != ("image", "csv")]
)
def test_job_of_several_chunks_names_row_and_column(jobs: Cloud, name: str, suffix: str) -> None:
    data = FORMATS[suffix](ALL[name].rows(ROWS, WRONG))
    chunk = len(data) // 3
    job, receipt, files = scored(jobs, name.replace(" ", "-"), f"rows.{suffix}", data, header=True, chunk=chunk)
    assert job.state == "done", job.reason
    assert receipt["rows"] == {"read": ROWS, "scored": ROWS - 1, "rejected": 1}
    assert len(receipt["parts"]) > 2
    (part,) = receipt["errors"]
    record = json.loads(files[name_of(part)])
    assert (record["row"], record["column"]) == (WRONG, ALL[name].column)
    assert "row 1" not in record["reason"]
    assert ALL[name].column in record["reason"]


@pytest.mark.parametrize(
    ("name", "output_format"), [("absent", "jsonlines"), ("absent", "parquet"), ("missing", "jsonlines")]
)
def test_job_row_without_columns_is_scored_where_all_may_be_missing(jobs: Cloud, name: str, output_format: str) -> None:
    data = b'{"a": 1, "b": 2}\n{}\n{ }\n{"id": 7}\n'
    job, receipt, files = scored(jobs, name, "rows.jsonl", data, output=output_format)
    assert job.state == "done", job.reason
    rejected = 0 if name == "absent" else 3
    assert receipt["rows"] == {"read": 4, "scored": 4 - rejected, "rejected": rejected}
    records = [json.loads(line) for part in receipt["errors"] for line in files[name_of(part)].splitlines()]
    assert [(record["row"], record["column"]) for record in records] == [(row, "b") for row in (2, 3, 4)][:rejected]
    if output_format == "jsonlines":
        lines = [json.loads(line) for part in receipt["parts"] for line in files[name_of(part)].splitlines()]
        assert len(lines) == 4 - rejected


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_predict_command_names_row(
    registry: Registry, transforms: TransformSettings, tmp_path: Path, name: str, suffix: str
) -> None:
    rows, file = ALL[name].rows(ROWS, WRONG), tmp_path / f"rows.{suffix}"
    file.write_bytes(as_csv(rows) if suffix == "csv" else json.dumps(ALL[name].body(rows)).encode())
    words = ["predict", name.replace(" ", "-"), str(file), "--registry", registry.location, "--transforms", "words"]
    environment = {"LIGHTSHIP_TRANSFORMS_FOLDER": str(transforms.folder)}
    done = CliRunner(mix_stderr=False).invoke(lightship, words, env=environment)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"row {WRONG}" in done.stderr
    assert ALL[name].column.partition("_")[0] in done.stderr


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_http_names_row(answers: Answers, name: str, suffix: str) -> None:
    rows = ALL[name].rows(ROWS, WRONG)
    data, media_type = (
        (as_csv(rows), "text/csv; header=present")
        if suffix == "csv"
        else (json.dumps(ALL[name].body(rows)).encode(), "application/json")
    )
    path = f"/models/{name.replace(' ', '-')}/predict"
    response = answers.answer(Request("POST", path, headers={"content-type": media_type}, body=data, caller="me"))
    assert response.status == 400
    message = json.loads(response.body)["error"]["message"]
    assert f"row {WRONG}" in message
    assert ALL[name].column.partition("_")[0] in message


@pytest.mark.parametrize("name", ["number", "text", "word of numbers", "lookup", "transform"])
def test_open_inference_names_row(answers: Answers, name: str) -> None:
    model = ALL[name]
    cells = [cell for row in model.rows(ROWS, WRONG) for cell in row.values()]
    datatype = "BYTES" if model.input.dtype == "string" else "FP32"
    tensor = {"name": model.input.name, "shape": [ROWS, *model.input.shape[1:]], "datatype": datatype, "data": cells}
    body = json.dumps({"inputs": [tensor]}).encode()
    response = answers.answer(Request("POST", f"/v2/models/{name.replace(' ', '-')}/infer", body=body, caller="me"))
    assert response.status == 400
    assert f"row {WRONG}" in json.loads(response.body)["error"]


@pytest.mark.parametrize("name", [name for name in MODELS if name != "infinity"])
def test_mlflow_records_name_row(answers: Answers, name: str) -> None:
    path, body = f"/models/{name.replace(' ', '-')}/invoke", {"dataframe_records": ALL[name].rows(ROWS, WRONG)}
    response = answers.answer(Request("POST", path, body=json.dumps(body).encode(), caller="me"))
    assert response.status == 400
    assert f"row {WRONG}" in json.loads(response.body)["message"]
