"""The Open Inference Protocol's model repository: its index, loading and unloading."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from lightship.answer import Service, answer
from lightship.registry import Registry
from lightship.serving.catalogue import Catalogue
from lightship.wire.http import Request
from tests.bundles import Registries
from tests.wire.openinference_cases import ROW


def test_the_repository(registries: Registries) -> None:
    catalogue = Catalogue(Registry(str(registries.small)))

    def post(path: str, body: bytes = b"") -> tuple[int, Any]:
        response = asyncio.run(answer(Service(catalogue), Request("POST", path, body=body, caller="me")))
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
    status, record = _get(catalogue, "/v2/models/modes/ready")
    assert (status, record["ready"]) == (503, False)
    assert _get(catalogue, "/v2/models/modes")[0] == 503
    assert post("/v2/repository/models/modes/load", b"{}") == (200, {})
    assert post("/v2/models/modes/infer", orjson.dumps({"inputs": [ROW]}))[0] == 200
    assert post("/v2/repository/models/modes/load", b'{"parameters": {"config": "{}"}}')[0] == 400
    assert post("/v2/repository/index", b'{"ready": 1}')[0] == 400
    assert post("/v2/repository/index", b"[")[0] == 400


def _get(catalogue: Catalogue, path: str) -> tuple[int, Any]:
    response = asyncio.run(answer(Service(catalogue), Request("GET", path, caller="me")))
    assert response is not None
    return response.status, orjson.loads(response.body)
