"""Test server start: the default model first, within memory, ready when loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lightship.calls import Call, Result
from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.serving.shadows import Shadows
from lightship.settings import Settings
from tests.bundles import Registries

SMALL = ("modes", "pair", "roots", "scorer")


def status(serving: Serving, method: str, path: str, body: bytes = b"") -> int:
    service = Dispatcher(serving, Settings(allow_admin=True))
    response = service.answer(Request(method, path, body=body, caller="me"))
    assert response is not None
    return response.status


@pytest.fixture
def few(registries: Registries, tmp_path: Path) -> Registry:
    for name in SMALL:
        shutil.copytree(registries.small / name, tmp_path / name)
    return Registry(str(tmp_path))


def test_start_loads_default_model_and_others_within_memory(few: Registry) -> None:
    size = few.open("roots").size
    serving = Serving(few, Options(default="roots", memory=size))
    states = serving.start()
    assert serving.loaded() == [("roots", 1)]
    assert {state.name for state in states if state.ready} == set(SMALL)


def test_start_without_memory_limit_loads_every_model(few: Registry) -> None:
    serving = Serving(few)
    serving.start()
    assert [name for name, _ in serving.loaded()] == sorted(SMALL)


@pytest.mark.parametrize("path", ["/health/ready", "/v2/health/ready", "/ping"])
def test_readiness_while_models_load_is_503(few: Registry, path: str) -> None:
    serving = Serving(few, Options(default="modes"))
    serving.starting = True
    assert status(serving, "GET", path) != 200
    assert status(serving, "GET", "/health/live") == 200
    serving.start()
    assert status(serving, "GET", path) == 200


@pytest.mark.parametrize("body", [b'{"parameters": {"config": "{}"}}', b"[1]", b"no JSON"])
def test_load_with_invalid_body_is_refused(few: Registry, body: bytes) -> None:
    serving = Serving(few)
    assert status(serving, "POST", "/v2/repository/models/pair/load", body) == 400
    assert serving.loaded() == []


def test_shadow_failing_to_load_does_not_raise(few: Registry) -> None:
    def unreadable(name: str, version: int) -> None:
        raise OSError(5, "the disk is gone")

    shadows = Shadows(unreadable, None)  # type: ignore[arg-type]
    shadows.run("modes", 2, Result(Call({}), few.open("modes").manifest.signature(), {}))
    assert shadows.disagreements("modes")[2].failed == 1
