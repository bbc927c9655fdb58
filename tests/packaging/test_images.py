"""Packages of the Lambda images: what the locks name, and what handlers import."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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

SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "image-contents"))
# Installs a lock file as the Dockerfiles do, once, and returns the folder.
install: Callable[[str], Path] = SCRIPT["install"]

OUTDATED = "docs/images.md is outdated: run `make images`"

Start = Callable[..., set[str]]


def locked(name: str) -> set[str]:
    """Return the packages of a lock file, on any platform."""
    return set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))


def listed() -> dict[str, tuple[float, list[str]]]:
    """Return megabytes and images by package and version, of docs/images.md."""
    lines = (ROOT / "docs" / "images.md").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| package |"))
    cells = [[cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")] for line in lines]
    return {
        row[0]: (float(row[1]), [image for image, cell in zip(SCRIPT["IMAGES"], row[3:], strict=True) if cell])
        for row in cells[first + 3 :]
    }


@pytest.fixture
def start(registries: Registries) -> Start:
    """Return a function that runs a program on lock files and returns its packages."""

    def run(names: Sequence[str], program: str, given: str = "") -> set[str]:
        folders = [ROOT / "functions" / "predict", ROOT / "src", *map(install, names)]
        code = CODE.format(path=[str(folder) for folder in folders], program=program)
        variables = {"LIGHTSHIP_REGISTRY": str(registries.examples), "LIGHTSHIP_DEFAULT_MODEL": "quickstart"}
        done = subprocess.run(
            [sys.executable, "-S", "-c", code], env=variables, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return set(json.loads(done.stdout.splitlines()[-1]))

    return run


def test_lock_of_api_has_no_package_of_queue_functions() -> None:
    assert not locked("predict") & (QUEUES_ONLY | NOT_IMPORTED)
    assert locked("events") == QUEUES_ONLY


def test_lock_of_tensorflow_has_packages_left_out_of_api() -> None:
    assert {"ml-dtypes", "protobuf"} <= locked("tensorflow")


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


def test_page_of_images_lists_locked_packages() -> None:
    expected = {
        f"{package.name} {package.version}": [image for image, locks in SCRIPT["IMAGES"].items() if name in locks]
        for name in ("compile", "events", "predict", "serve", "tensorflow")
        for package in SCRIPT["locked"](name).values()
    }
    assert listed().keys() == expected.keys(), OUTDATED
    for package, images in expected.items():
        assert set(images) <= set(listed()[package][1]), (package, OUTDATED)


@pytest.mark.parametrize("lock", ["predict", "events"])
def test_page_of_images_states_installed_sizes(lock: str) -> None:
    versions = {package.name: package.version for package in SCRIPT["locked"](lock).values()}
    for name, megabytes in SCRIPT["sizes"](install(lock)).items():
        stated = listed()[f"{name} {versions[name]}"][0]
        assert stated == pytest.approx(megabytes, rel=0.2, abs=0.3), (name, OUTDATED)


def test_server_without_other_packages_creates_application(start: Start) -> None:
    names = start(["serve"], "import lightship.cli, granian\nfrom lightship.app import create_app\ncreate_app()")
    assert {"fastapi", "granian", "click"} <= names


def test_page_of_images_has_introduction_of_script() -> None:
    before, _, after = SCRIPT["INTRODUCTION"].partition("{python}")
    text = (ROOT / "docs" / "images.md").read_text()
    assert text.startswith(before) and after in text, OUTDATED
