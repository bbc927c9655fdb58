"""Test that the fast path and the application's routes give equal responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lightship.app.core import Core
from lightship.app.messages import ASGIApp
from tests.app.asgi import Exchange, ask
from tests.bundles import Registries
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import MEASUREMENTS, numbers, report
from tests.protocols.right_requests import RIGHT
from tests.serve import application, core, fast_path

JSON = ("content-type", "application/json")
HOST = ("host", "localhost")
ROW = b'{"input": [1, 2, 3]}'

PATHS = ["/", "/docs", "/docs/", "/docs/start.js", "/health/live", "/health/ready", "/invocations", "/jobs", "/metrics"]
PATHS += ["/docs/start-js"]
PATHS += ["/models", "/models/", "/models//", "/models/quickstart", "/models/quickstart/", "/models/nothing"]
PATHS += ["/models/quickstart/versions/0", "/models/quickstart/versions/x/predict", "/models/quickstart/predict/"]
PATHS += ["/models/quickstart/report", "/models/quickstart/versions/1/report", "/models/quickstart/report/"]
PATHS += ["/models/quickstart/model.tflite", "/models/quickstart/manifest.json", "/models/quickstart/assets/x"]
PATHS += ["/models/quickstart/form", "/models/quickstart/versions/1/form", "/models/quickstart/history"]
PATHS += [f"/models/quickstart/{end}" for end in ("label", "traffic", "mirror", "rollback")]
PATHS += ["/models/a/b", "/models/quick start", "/models/quickstart:predict", "/models/quickstart/predict\n"]
PATHS += [
    "/nowhere",
    "/openapi.json",
    "/openapi.json/",
    "/ping",
    "/predict",
    "/predict/",
    "//predict",
    "/v2",
    "/version",
]
PATHS += ["/v1/models/quickstart", "/v1/models/quickstart:predict", "/v1/models/quickstart/versions/1:predict"]
PATHS += ["/v1/models/quickstart:nothing", "/v1/", "/v2/", "/v2/health/live", "/v2/models/quickstart/infer"]
PATHS += ["/v2", "/v2/models/quickstart/versions/1", "/v2/repository/index", "/v2/repository/models/quickstart/load"]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "BREW")

HEADERS: dict[str, list[tuple[str, str]]] = {
    "two content types": [HOST, JSON, ("content-type", "text/csv")],
    "two correlation ids": [HOST, JSON, ("x-correlation-id", "a"), ("x-correlation-id", "b")],
    "two hosts": [HOST, HOST],
    "no host": [],
    "long": [HOST, ("x-long", "x" * 40_000)],
    "both lengths": [HOST, ("content-length", "5"), ("transfer-encoding", "chunked")],
    "unknown encoding": [HOST, ("content-encoding", "br")],
    "not gzip": [HOST, ("content-encoding", "gzip")],
    "gzip wanted": [HOST, JSON, ("accept-encoding", "gzip")],
    "other type": [HOST, ("content-type", "application/xml")],
}
BODIES = {
    "no JSON": b"{",
    "half a character": b'"\xff"',
    "too large": b"x" * 200_000,
    "empty": b"",
    "many rows": b'{"input": [' + b", ".join([b"[1, 2, 3]"] * 3000) + b"]}",
}

Both = Callable[..., tuple[Exchange, Exchange]]


@pytest.fixture(scope="module")
def both(registries: Registries) -> Both:
    """Return a function that sends a request both ways and omits correlation ids."""

    @cache
    def ways(default: str) -> tuple[ASGIApp, ASGIApp]:
        folder = registries.examples if default in {"quickstart", "digits"} else registries.small
        return tuple(way(_core(folder, default)) for way in (fast_path, application))

    def asked(method: str, path: str, *, default: str = "quickstart", **options: Any) -> tuple[Exchange, Exchange]:
        one, other = (ask(app, method, path, **options) for app in ways(default))
        return _comparable(one), _comparable(other)

    return asked


def _core(folder: Any, default: str) -> Core:
    return core(folder, default_model=default, allow_admin=True)


def _comparable(done: Exchange) -> Exchange:
    headers = {name: value for name, value in done.headers.items() if name != "x-correlation-id"}
    assert done.headers["x-correlation-id"]
    return Exchange(done.status, headers, done.body)


@pytest.mark.parametrize("method", METHODS)
def test_path_by_fast_path_and_application_has_equal_responses(both: Both, method: str) -> None:
    seen = set()
    for path in PATHS:
        one, other = both(method, path, body=[ROW], headers=[HOST, JSON])
        assert one == other, f"{method} {path!r}"
        seen.add(one.status)
    assert len(seen) > 1 or method in {"OPTIONS", "BREW"}


@pytest.mark.parametrize(
    ("query", "status", "media_type"),
    [
        (b"", 200, "text/html; charset=utf-8"),
        (b"format=json", 200, "application/json"),
        (b"format=x", 400, "application/json"),
    ],
)
def test_report_by_fast_path_and_application_has_equal_responses(
    registries: Registries, tmp_path: Path, query: bytes, status: int, media_type: str
) -> None:
    folder = with_report(registries.small, tmp_path, content=report(numbers()), measurements=MEASUREMENTS)
    for path in ("/models/pair/report", "/models/pair/versions/1/report"):
        one, other = (
            _comparable(ask(way(_core(folder, "pair")), "GET", path, query=query)) for way in (fast_path, application)
        )
        assert one == other
        assert (one.status, one.headers["content-type"]) == (status, media_type)


@pytest.mark.parametrize("protocol", RIGHT)
def test_valid_request_by_fast_path_and_application_has_equal_responses(both: Both, protocol: str) -> None:
    for sent in RIGHT[protocol]:
        headers = [HOST, *_pairs(sent.headers)]
        one, other = both("POST", sent.path, default=sent.default, body=[sent.body], headers=headers)
        assert one == other, sent
        assert one.status == 200


def _pairs(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return list(headers.items())


@pytest.mark.parametrize("case", HEADERS)
@pytest.mark.parametrize("path", ["/predict", "/v2/models/quickstart/infer", "/v1/models/quickstart:predict", "/jobs"])
def test_odd_headers_by_fast_path_and_application_have_equal_responses(both: Both, case: str, path: str) -> None:
    one, other = both("POST", path, body=[ROW], headers=HEADERS[case])
    assert one == other


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.parametrize("path", ["/predict", "/invocations", "/v1/models/quickstart:predict"])
def test_odd_body_by_fast_path_and_application_has_equal_responses(both: Both, case: str, path: str) -> None:
    one, other = both("POST", path, body=[BODIES[case]], headers=[HOST, JSON, ("accept-encoding", "gzip")])
    assert one == other


def test_load_and_unload_by_fast_path_and_application_have_equal_responses(both: Both) -> None:
    for operation in ("unload", "load"):
        one, other = both("POST", f"/v2/repository/models/quickstart/{operation}", body=[b"{}"], headers=[HOST, JSON])
        assert one == other
        assert one.status == 200
        one, other = both("POST", "/predict", body=[ROW], headers=[HOST, JSON])
        assert one == other
        assert one.status == (503 if operation == "unload" else 200)
