"""Requests to the small bundles through ``answer``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.serving.serving import Serving
from lightship.settings import Settings
from tests.bundles import Registries

Ask = Callable[..., Response]
AskJson = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def service(registries: Registries) -> Dispatcher:
    return Dispatcher(Serving(Registry(str(registries.small))), Settings(allow_admin=True))


@pytest.fixture(scope="module")
def ask(service: Dispatcher) -> Ask:
    def ask(method: str, path: str, body: Any = b"", caller: str | None = "me", **headers: str) -> Response:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = service.answer(Request(method, path, headers=named, body=data, caller=caller))
        assert response is not None
        return response

    return ask


@pytest.fixture(scope="module")
def ask_json(ask: Ask) -> AskJson:
    """Send a request; return the status and the JSON, which may hold NaN and Infinity."""

    def ask_json(*args: Any, **options: Any) -> tuple[int, Any]:
        response = ask(*args, **options)
        assert response.headers["content-type"] == "application/json"
        return response.status, json.loads(response.body)

    return ask_json
