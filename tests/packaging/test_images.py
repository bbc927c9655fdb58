"""Packages of the Lambda images: what the locks name, and what handlers import."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.bundles import Registries
from tests.conftest import ROOT

# Packages that no request of the HTTP API uses. boto3 is part of the base image, for the routes of jobs.
QUEUES_ONLY = {
    *("pyarrow", "aws-lambda-powertools", "aws-xray-sdk", "boto3", "botocore", "s3transfer", "jmespath"),
    *("python-dateutil", "six", "urllib3", "wrapt"),
}
# LiteRT's interpreter imports none of these packages that LiteRT requires.
NOT_IMPORTED = {"backports-strenum", "ml-dtypes", "protobuf", "tqdm"}

# Standard library, then the image's layers: packages of this environment are not found.
CODE = """
import json, os, sys
sys.path[:0] = {path!r}
{program}
names = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps(sorted(name for name in names if name not in sys.stdlib_module_names)))
"""
ANSWER = """
import app
for event in json.load(sys.stdin):
    answer = app.handler(event, None)
    assert answer["statusCode"] == 200, (event["rawPath"], answer)
"""

Start = Callable[..., set[str]]


def locked(file: str) -> set[str]:
    """Return the packages of a lock file."""
    return set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements" / file).read_text(), re.MULTILINE))


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that installs a lock file as the Dockerfiles do, once."""
    folder = tmp_path_factory.mktemp("layers")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))

    def install(name: str) -> Path:
        if not (folder / name).is_dir():
            command = ["sh", ROOT / "deploy" / "install-packages", ROOT / "requirements" / f"{name}.txt", folder / name]
            done = subprocess.run(
                command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False, timeout=600
            )
            assert done.returncode == 0, done.stderr
        return folder / name

    return install


@pytest.fixture
def start(layers: Callable[[str], Path], registries: Registries) -> Start:
    """Return a function that runs a program on layers and returns its packages."""

    def run(names: Sequence[str], program: str, given: str = "") -> set[str]:
        folders = [ROOT / "functions" / "predict", ROOT / "src", *map(layers, names)]
        code = CODE.format(path=[str(folder) for folder in folders], program=program)
        variables = {"LIGHTSHIP_REGISTRY": str(registries.examples), "LIGHTSHIP_DEFAULT_MODEL": "quickstart"}
        done = subprocess.run(
            [sys.executable, "-S", "-c", code], env=variables, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return set(json.loads(done.stdout.splitlines()[-1]))

    return run


def test_lock_of_api_has_no_package_of_queue_functions() -> None:
    assert not locked("predict.txt") & (QUEUES_ONLY | NOT_IMPORTED)
    assert locked("events.txt") == QUEUES_ONLY


def test_lock_of_tensorflow_has_packages_left_out_of_api() -> None:
    assert {"ml-dtypes", "protobuf"} <= locked("tensorflow.txt")


def test_api_without_other_packages_answers_example_events(start: Start) -> None:
    events = [json.loads((ROOT / "events" / f"{name}.json").read_text()) for name in ("predict", "predict-image")]
    pages = [events[0] | {"rawPath": path, "body": ""} for path in ("/docs", "/openapi.json", "/models")]
    for page in pages:
        page["requestContext"] = json.loads(json.dumps(page["requestContext"]))
        page["requestContext"]["http"] |= {"path": page["rawPath"], "method": "GET"}
    names = start(["predict"], ANSWER, json.dumps([*events, *pages]))
    assert {"ai_edge_litert", "numpy", "orjson", "PIL", "fastapi"} <= names
    assert not names & {"boto3", "pyarrow", "aws_lambda_powertools"}


@pytest.mark.parametrize("handler", ["compile", "requests", "score", "split"])
def test_queue_function_without_other_packages_is_imported(start: Start, handler: str) -> None:
    names = start(["predict", "events"], f"from lightship.handlers.{handler} import handler")
    assert "aws_lambda_powertools" in names


def test_api_registry_in_bucket_needs_no_boto3(start: Start) -> None:
    names = start(["predict"], "from lightship.aws.objects import Objects; Objects('bucket')")
    assert "boto3" not in names
