"""Engine=tensorflow: the built image answers for models of both engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.docker.conftest import Cloud

pytestmark = pytest.mark.docker

OPTIONS = ("--parameter-overrides", "Registry=bucket Engine=tensorflow Timeout=29")


@pytest.fixture(scope="module")
def built(sam: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the template, built in its own folder, without replacing other images."""
    folder = tmp_path_factory.mktemp("built")
    sam("build", "PredictFunction", "--build-dir", str(folder), *OPTIONS)
    return str(folder / "template.yaml")


@pytest.mark.parametrize(
    ("model", "row", "engine"), [("words", ["ahoy"], "tensorflow"), ("quickstart", [17.9, 10.3, 0.3], "litert")]
)
def test_engine_tensorflow_local_invoke_answers_for_both_engines(
    sam: Any, built: str, cloud: Cloud, tmp_path: Path, model: str, row: Any, engine: str
) -> None:
    variables, event = tmp_path / "variables.json", tmp_path / "event.json"
    variables.write_text(json.dumps({"Parameters": cloud.variables | {"LIGHTSHIP_DEFAULT_MODEL": model}}))
    request = json.loads((ROOT / "events" / "predict.json").read_text())
    event.write_text(json.dumps(request | {"body": json.dumps({"input": row}), "isBase64Encoded": False}))
    files = ("--template", built, "--event", str(event), "--env-vars", str(variables))
    answer = json.loads(sam("local", "invoke", "PredictFunction", *files, *OPTIONS).stdout.splitlines()[-1])
    assert answer["statusCode"] == 200, answer
    manifest = json.loads(cloud.objects(f"models/{model}/1/manifest.json")[f"models/{model}/1/manifest.json"])
    assert (answer["headers"]["lightship-model"], manifest["engine"]) == (model, engine)
