"""Jobs in the repository's template, running in real processes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.aws.stack import StackSettings
from lightship.calls import Call
from lightship.jobs import operations, uploads
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.ledger.records import FINAL, Job
from lightship.jobs.ledger.requests import Request
from lightship.local.mirror import mirror
from lightship.local.stack import Stack
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.local.test_stack import wait_for

OWNER = "ann"
JOBS = 8
COLUMNS = ["mean concavity", "patient", "mean texture", "mean radius"]
ROWS = [[0.1, "a", 20.5, 10.25], [0.4, "b", 30.0, 20.5], [0.0, "c", 11.0, 8.25]]


@pytest.fixture(scope="module")
def running(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Cloud]]:
    """Run the stack with the example models; return it and a caller's clients."""
    with (
        Stack(ROOT / "template.yaml", overrides={"Registry": "bucket"}, redeliver=1) as stack,
        pytest.MonkeyPatch.context() as patch,
    ):
        variables = stack.wiring.functions["SplitFunction"].environment
        for name, value in {**variables, **stack.environment}.items():
            patch.setenv(name, value)
        patch.setenv("LIGHTSHIP_CACHE", str(tmp_path_factory.mktemp("cache")))
        mirror(Registry(str(registries.examples)), stack.cloud.client("s3"), variables["LIGHTSHIP_REGISTRY"])
        cloud = connect(StackSettings.from_environment(os.environ))
        yield stack, cloud
        for client in (cloud.s3, cloud.dynamodb, cloud.sqs):
            client.close()


def started(cloud: Cloud, number: int) -> Job:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *ROWS])
    upload = uploads.begin(cloud, owner=OWNER, name=f"{number}.csv")
    cloud.s3.put_object(Bucket=cloud.bucket, Key=upload["key"], Body=text.getvalue().encode())
    return operations.start(cloud, Request(owner=OWNER, model="quickstart", key=upload["key"]))


def finished(cloud: Cloud, job: Job) -> Any:
    """Return a job's receipt and the rows of its part."""
    wait_for(lambda: operations.status(cloud, owner=OWNER, job=job.id).state in FINAL)
    receipt = json.loads(read(cloud, f"{job.output}receipt.json"))
    (part,) = receipt["parts"]
    return receipt, list(csv.DictReader(io.StringIO(read(cloud, part["key"]))))


def read(cloud: Cloud, key: str) -> str:
    return str(cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read().decode())


def probabilities(registry: Path) -> list[float]:
    """Return the model's predictions for rows in its own order of columns."""
    model = Model.open(registry / "quickstart" / "1")
    (spec,) = model.manifest.signature().inputs
    order = [COLUMNS.index(name) for name in ("mean radius", "mean texture", "mean concavity")]
    batch = np.array([[row[index] for index in order] for row in ROWS], spec.numpy)
    (output,) = model.predict(Call({spec.name: batch})).outputs.values()
    return [float(value) for value in output[:, -1]]


def test_jobs_read_columns_by_name(running: tuple[Stack, Cloud], registries: Registries) -> None:
    _, cloud = running
    expected = probabilities(registries.examples)
    for number in range(JOBS):  # sequentially: idle workers react fastest
        receipt, rows = finished(cloud, started(cloud, number))
        assert receipt["columns"][:4] == COLUMNS
        assert [row["patient"] for row in rows] == ["a", "b", "c"]
        assert [float(row["probability_malignant"]) for row in rows] == pytest.approx(expected, abs=1e-6)


def correlations(stack: Stack, function: str) -> list[str]:
    """Return the correlation ids of all lines that a function has logged."""
    lines = stack.functions[function].log.read_text().splitlines() if stack.functions[function].log.exists() else []
    records = [json.loads(line) for line in lines if line.startswith("{")]
    return [record["correlation_id"] for record in records if "correlation_id" in record]


def batch(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lightship", "batch", "quickstart", *words, "--json"]
    environment = {**os.environ, "PYTHONPATH": "src"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_batch_header_options_decide_about_first_line(running: tuple[Stack, Cloud], tmp_path: Path) -> None:
    file = tmp_path / "headerless.csv"
    file.write_text("n/a,patient,-\n1,2,3\n")
    ended = batch(str(file), "--no-header")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["rows"] == {"read": 2, "scored": 1, "rejected": 1}
    for words in ([], ["--header"]):
        refused = batch(str(file), *words)
        assert (refused.returncode, "lacks the column 'mean radius'" in refused.stderr) == (2, True)


def test_batch_correlation_id_reaches_logs_and_receipt(running: tuple[Stack, Cloud]) -> None:
    stack, _ = running
    before = {name: len(correlations(stack, name)) for name in ("SplitFunction", "ScoreFunction")}
    ended = batch("examples/quickstart/patients.csv")
    assert ended.returncode == 0, ended.stderr
    receipt = json.loads(ended.stdout)
    assert receipt["correlation"] == receipt["job"]
    for name, number in before.items():
        found = wait_for(lambda name=name, number=number: correlations(stack, name)[number:])
        assert set(found) == {receipt["correlation"]}
