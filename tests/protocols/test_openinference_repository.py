"""Test the Open Inference Protocol's model repository: index, load and unload."""

from __future__ import annotations

from typing import Any

import orjson

from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Serving
from lightship.settings import Settings
from tests.bundles import Registries
from tests.protocols.openinference_cases import ROW


def test_repository_load_and_unload_change_index(registries: Registries) -> None:
    serving = Serving(Registry(str(registries.small)))

    def post(path: str, body: bytes = b"") -> tuple[int, Any]:
        response = Dispatcher(serving, Settings(allow_admin=True)).answer(Request("POST", path, body=body, caller="me"))
        assert response is not None
        return response.status, orjson.loads(response.body)

    row = {"name": "modes", "version": "1", "state": "READY", "reason": ""}
    assert row in post("/v2/repository/index")[1]
    assert post("/v2/repository/models/modes/unload") == (200, {})
    assert not [entry for entry in post("/v2/repository/index", b'{"ready": true}')[1] if entry["name"] == "modes"]
    (gone,) = [entry for entry in post("/v2/repository/index", b"{}")[1] if entry["name"] == "modes"]
    assert gone["state"] == "UNAVAILABLE"
    assert "unloaded" in gone["reason"]
    assert post("/v2/models/modes/infer", orjson.dumps({"inputs": [ROW]}))[0] == 503
    status, record = _get(serving, "/v2/models/modes/ready")
    assert (status, record["ready"]) == (503, False)
    assert _get(serving, "/v2/models/modes")[0] == 503
    assert post("/v2/repository/models/modes/load", b"{}") == (200, {})
    assert post("/v2/models/modes/infer", orjson.dumps({"inputs": [ROW]}))[0] == 200
    assert post("/v2/repository/models/modes/load", b'{"parameters": {"config": "{}"}}')[0] == 400
    assert post("/v2/repository/index", b'{"ready": 1}')[0] == 400
    assert post("/v2/repository/index", b"[")[0] == 400


def _get(serving: Serving, path: str) -> tuple[int, Any]:
    response = Dispatcher(serving).answer(Request("GET", path, caller="me"))
    assert response is not None
    return response.status, orjson.loads(response.body)


def test_repository_load_and_unload_without_permission_are_403(registries: Registries) -> None:
    serving = Serving(Registry(str(registries.small)))
    for verb in ("unload", "load"):
        path = f"/v2/repository/models/modes/{verb}"
        response = Dispatcher(serving).answer(Request("POST", path, body=b"{}", caller="me"))
        assert response is not None
        assert response.status == 403
        assert list(orjson.loads(response.body)) == ["error"]
        assert "LIGHTSHIP_ALLOW_ADMIN=1" in orjson.loads(response.body)["error"]
        unauthenticated = Dispatcher(serving).answer(Request("POST", path))
        assert unauthenticated is not None
        assert unauthenticated.status == 401
    body = orjson.dumps({"inputs": [ROW]})
    answered = Dispatcher(serving).answer(Request("POST", "/v2/models/modes/infer", body=body, caller="me"))
    assert answered is not None
    assert answered.status == 200
