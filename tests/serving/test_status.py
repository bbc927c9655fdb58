"""Test reports on models: they load nothing, name errors and hide local paths."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options
from tests.app import asgi
from tests.bundles import Registries, republish
from tests.serve import Answers, core, fast_path

REPORTS = [
    ("GET", "/models"),
    ("GET", "/models/modes"),
    ("GET", "/health/ready"),
    ("GET", "/v1/models/modes"),
    ("GET", "/v1/models/modes/metadata"),
    ("GET", "/v1/models/modes/versions/1/metadata"),
    ("GET", "/v2/models/modes"),
    ("GET", "/v2/models/modes/ready"),
    ("GET", "/v2/models/modes/config"),
    ("GET", "/v2/health/ready"),
    ("POST", "/v2/repository/index"),
]


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> Registry:
    registry = Registry(str(tmp_path / "models"))
    for name in ("modes", "modes", "pair"):
        republish(registry, registries.small / name / "1", name)
    return registry


def ask(answers: Answers, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    response = answers.answer(Request(method, path, body=body, caller="me"))
    return response.status, orjson.loads(response.body or b"null")


def document(registry: Registry) -> tuple[int, Any]:
    """Return the OpenAPI document; check that no model was loaded for it."""
    made = core(Path(registry.location), default_model=None)
    done = asgi.ask(fast_path(made), "GET", "/openapi.json")
    assert made.serving.loaded() == []
    return done.status, orjson.loads(done.body)


@pytest.mark.parametrize("threads", [0, 2])
def test_reports_load_no_model(registry: Registry, threads: int) -> None:
    answers = Answers(registry, Options(refresh=0), threads=threads)
    for route in REPORTS:
        assert ask(answers, *route)[0] == 200
    status, described = document(registry)
    assert status == 200
    assert "example" in described["paths"]["/models/pair/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert answers.serving.loaded() == []
    answers.close()


def test_status_of_several_versions_loads_no_version(registry: Registry) -> None:
    answers = Answers(registry)
    assert ask(answers, "POST", "/models/modes/versions/1/predict", b'{"input": [1, 2]}')[0] == 200
    _, record = ask(answers, "GET", "/v1/models/modes")
    assert [entry["state"] for entry in record["model_version_status"]] == ["AVAILABLE", "AVAILABLE"]
    assert [entry.version for entry in answers.serving.status.statistics("modes")] == [1]


def test_reports_do_not_reload_evicted_models(registry: Registry) -> None:
    largest = max(registry.open(name).size for name in ("modes", "pair"))
    answers = Answers(registry, Options(default="modes", memory=largest, refresh=0))
    answers.serving.start()
    left = answers.serving.loaded()
    assert len(left) == 1
    for route in REPORTS:
        assert ask(answers, *route)[0] == 200
        assert answers.serving.loaded() == left
    assert answers.answer(Request("GET", "/ping")).status == 200
    assert answers.serving.loaded() == left


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON"])
def test_invalid_state_file_affects_one_model_only(registry: Registry, text: str) -> None:
    (Path(registry.location) / "modes" / "state.json").write_text(text)
    answers = Answers(registry, Options(refresh=0))
    answers.serving.start()
    assert ask(answers, "POST", "/models/pair/predict", b'{"input": {"a": [1, 2], "b": [1]}}')[0] == 200
    status, record = ask(answers, "GET", "/health/ready")
    assert (status, record["status"]) == (200, "degraded")
    broken, whole = record["models"]
    assert (broken["name"], broken["state"], broken["version"]) == ("modes", "failed", None)
    assert "modes/state.json" in broken["error"]
    assert (whole["name"], whole["state"]) == ("pair", "available")
    assert ask(answers, "GET", "/models")[0] == 200
    assert document(registry)[0] == 200
    assert [entry["name"] for entry in ask(answers, "POST", "/v2/repository/index")[1]] == ["pair"]
    for path in ("/models/modes", "/v1/models/modes", "/v2/models/modes"):
        status, record = ask(answers, "GET", path)
        assert status == 503
        assert b"modes/state.json" in orjson.dumps(record)


def test_model_with_state_file_turned_invalid_is_served_and_reported_degraded(registry: Registry) -> None:
    answers = Answers(registry, Options(refresh=0))
    answers.serving.start()
    state = Path(registry.location) / "modes" / "state.json"
    whole = state.read_bytes()
    state.write_text("{}")
    assert ask(answers, "POST", "/models/modes/predict", b'{"input": [1, 2]}')[0] == 200
    status, record = ask(answers, "GET", "/health/ready")
    assert (status, record["status"]) == (200, "degraded")
    assert "modes/state.json" in record["models"][0]["error"]
    assert record["models"][0]["answering"] == 2
    assert ask(answers, "GET", "/v2/models/modes/ready")[0] == 200
    state.write_bytes(whole)
    assert ask(answers, "GET", "/health/ready")[1]["status"] == "ready"


def test_document_with_unreadable_registry_is_503(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    status, record = document(Registry(str(tmp_path / "models")))
    assert (status, record["error"]["code"]) == (503, "registry_failed")


def test_readiness_with_failed_version_is_degraded_while_previous_answers(
    registry: Registry, registries: Registries
) -> None:
    shutil.rmtree(Path(registry.location) / "pair")
    answers = Answers(registry, Options(refresh=0))
    answers.serving.start()
    version = republish(registry, registries.small / "modes" / "1", "modes")
    model = registry.path("modes", version) / "model.tflite"
    whole = model.read_bytes()
    model.write_bytes(b"")
    assert ask(answers, "POST", "/models/modes/predict", b'{"input": [1, 2]}')[1]["version"] == 2
    status, record = ask(answers, "GET", "/health/ready")
    (shown,) = record["models"]
    assert (status, record["status"]) == (200, "degraded")
    assert (shown["state"], shown["version"], shown["answering"]) == ("failed", 3, 2)
    assert ask(answers, "GET", "/v2/models/modes/ready")[0] == 200
    assert ask(answers, "GET", "/v2/models/modes/versions/3/ready")[0] == 503
    model.write_bytes(whole)
    assert ask(answers, "GET", "/health/ready")[1]["status"] == "degraded"  # a question loads nothing
    assert ask(answers, "POST", "/models/modes/predict", b'{"input": [1, 2]}')[1]["version"] == 3
    assert ask(answers, "GET", "/health/ready")[1]["status"] == "ready"


def test_withdrawn_version_is_reported_and_refused(registry: Registry) -> None:
    answers = Answers(registry, Options(refresh=0))
    answers.serving.start()
    digest = registry.open("modes", 2).digest
    registry.change("modes", lambda state: state.withdraw(2))
    status, record = ask(answers, "GET", "/v1/models/modes")
    assert status == 200
    assert [entry["state"] for entry in record["model_version_status"]] == ["AVAILABLE", "END"]
    assert ask(answers, "GET", "/v1/models/modes/versions/2")[1]["ready"] is False
    rows = {row["version"]: row for row in ask(answers, "POST", "/v2/repository/index")[1] if row["name"] == "modes"}
    assert rows["2"]["state"] == "UNAVAILABLE"
    assert "withdrawn" in rows["2"]["reason"]
    assert ask(answers, "GET", "/models/modes")[1]["withdrawn"] == [2]
    status, record = ask(answers, "POST", "/models/modes/versions/2/predict", b'{"input": [1, 2]}')
    assert status == 404
    assert "withdrawn" in record["error"]["message"]
    assert registry.bundle("modes", 2).digest == digest


DAMAGE: dict[str, Any] = {
    "model.tflite": lambda folder: (folder / "model.tflite").write_bytes(b""),
    "missing model.tflite": lambda folder: (folder / "model.tflite").unlink(),
    "manifest.json": lambda folder: (folder / "manifest.json").unlink(),
    "link": lambda folder: (folder / "link").symlink_to("/etc/passwd"),
    "foreign": lambda folder: (folder / "foreign").touch(),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_bundle_is_named_without_local_paths(registry: Registry, tmp_path: Path, name: str) -> None:
    DAMAGE[name](registry.path("pair", 1))
    answers = Answers(registry, Options(refresh=0))
    reports = [ask(answers, "POST", "/models/pair/predict", b"{}")]
    reports += [ask(answers, "GET", path) for path in ("/models/pair", "/health/ready", "/v1/models/pair")]
    for _, record in reports:
        assert str(tmp_path) not in orjson.dumps(record).decode()
        assert "pair/1" in orjson.dumps(record).decode()
        assert name.removeprefix("missing ") in orjson.dumps(record).decode()


def test_unreadable_registry_is_reported_without_local_paths(registry: Registry, tmp_path: Path) -> None:
    state = Path(registry.location) / "modes" / "state.json"
    state.unlink()
    state.mkdir()
    status, record = ask(Answers(registry), "POST", "/models/modes/predict", b"{}")
    assert (status, record["error"]["code"]) == (503, "registry_failed")
    assert "modes/state.json" in record["error"]["message"]
    assert registry.location not in record["error"]["message"]
    empty = Answers(Registry(str(tmp_path / "nothing")))
    assert str(tmp_path) not in ask(empty, "POST", "/predict", b"{}")[1]["error"]["message"]
