"""Jobs over HTTP against ``lightship up`` with the repository's template."""

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

import httpx
import pytest

from tests import stacks
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.local.test_stack import BUCKET, wait_for

FILE = ROOT / "examples" / "quickstart" / "patients.csv"
ID = "from-the-client-1"


@pytest.fixture
def up(registries: Registries, tmp_path: Path) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """Return a client of the API, and the variables for another terminal."""
    words = ("--registry", str(registries.examples), "--default", "quickstart", "--aws-port", "0")
    with (
        stacks.up(tmp_path, *words, TMPDIR=str(tmp_path)) as (_, url),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client, stacks.variables(tmp_path)


def cli(variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``lightship`` as the credentials' principal, not as the anonymous caller."""
    environ = {**variables, "PYTHONPATH": "src"}
    command = [sys.executable, "-m", "lightship", *words]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def done(client: httpx.Client, job: str) -> Any:
    return wait_for(lambda: found if (found := client.get(f"/jobs/{job}").json())["state"] == "done" else None)


def output(client: httpx.Client, status: Any, key: str) -> httpx.Response:
    """Return an object of a job's output by its key, via the redirect to the bucket."""
    name = key.partition(f"/{status['id']}/")[2]
    answer = client.get(f"/jobs/{status['id']}/output/{name}", follow_redirects=True)
    assert answer.status_code == 200
    assert answer.url.path == f"/{BUCKET}/{key}"
    return answer


def test_up_printed_commands_work_in_another_terminal(registries: Registries, tmp_path: Path) -> None:
    words = ("--registry", str(registries.examples), "--default", "quickstart", "--aws-port", "0")
    with stacks.up(tmp_path, *words, TMPDIR=str(tmp_path)) as (process, url):
        assert process.stdout is not None
        printed: list[str] = []
        while not printed or not printed[-1].startswith("curl -T"):
            printed.append(process.stdout.readline())
        compiling, scoring = (line for line in printed if line.startswith("(") and "FILE" in line)
        bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
        for line, words in (
            (compiling.replace("FILE", str(ROOT / "build/examples/quickstart.keras")), "quickstart version 2 in s3://"),
            (scoring.replace("FILE", str(FILE)).replace("NAME", "quickstart"), "rows scored"),
        ):
            run = subprocess.run(
                ["sh", "-c", line], cwd=tmp_path, env=bare, capture_output=True, text=True, check=False
            )
            assert words in run.stdout, run.stderr
        wait_for(lambda: httpx.get(f"{url}/models/quickstart").json()["versions"] == [1, 2])


def test_jobs_api_upload_is_scored_to_receipt(up: tuple[httpx.Client, dict[str, str]]) -> None:
    client, variables = up
    content = FILE.read_bytes()
    upload = client.post("/jobs", json={"upload": {"name": FILE.name, "size": len(content)}}).json()
    assert httpx.put(upload["url"], content=content).status_code == 200
    body = {"model": "quickstart", "key": upload["key"]}
    started = client.post("/jobs", json=body, headers={"x-correlation-id": ID})
    assert (started.status_code, started.headers["x-correlation-id"]) == (202, ID)
    job = started.json()["id"]
    status = done(client, job)

    receipt = output(client, status, status["receipt"]).json()
    assert (receipt["job"], receipt["correlation"], receipt["rows"]["scored"]) == (job, ID, 3)
    (part,) = receipt["parts"]
    rows = list(csv.DictReader(io.StringIO(output(client, status, part["key"]).text)))
    given = list(csv.DictReader(io.StringIO(content.decode())))
    assert [{name: row[name] for name in given[0]} for row in rows] == given
    inputs = [[float(value) for value in row.values()] for row in given]
    answers = client.post("/models/quickstart/predict", json={"input": inputs}).json()["classes"]
    assert [float(row["probability_malignant"]) for row in rows] == pytest.approx(
        [answer["malignant"] for answer in answers]
    )

    again = client.post("/jobs", json=body)
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (202, job, "done")
    assert [found["id"] for found in client.get("/jobs").json()["jobs"]] == [job]

    listed = cli(variables, "job", "list", "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert json.loads(listed.stdout) == []
    for what in ("status", "cancel", "retry", "close"):
        refused = cli(variables, "job", what, job)
        assert (refused.returncode, refused.stderr.count("there is no job")) == (2, 1)


def test_jobs_api_job_of_other_owner_is_not_found(up: tuple[httpx.Client, dict[str, str]]) -> None:
    client, variables = up
    ended = cli(variables, "batch", "quickstart", str(FILE), "--json")
    assert ended.returncode == 0, ended.stderr
    job = json.loads(ended.stdout)["job"]
    assert client.get("/jobs").json() == {"jobs": []}
    for method, path in [("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("POST", "/close")]:
        answer = client.request(method, f"/jobs/{job}{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
