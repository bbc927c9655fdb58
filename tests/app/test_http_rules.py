"""Test HEAD, OPTIONS, trailing slashes and origins on a server and on Lambda."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial

import httpx
import pytest

from lightship.app.core import Core
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.serve import WAYS, Way, core, fast_path, gateway

ORIGIN = "https://a.example"
Answer = tuple[int, dict[str, str], bytes]
Ask = Callable[..., Answer]
Platform = Callable[[Core], Ask]


def _named(platform: tuple[Callable[..., Ask], Way]) -> str:
    return " ".join(part.__name__ for part in platform)


def made(registries: Registries, *, token: str | None = None, origins: tuple[str, ...] = (ORIGIN,)) -> Core:
    return core(registries.examples, token=token, cors_origins=origins)


def on_server(way: Way, made: Core) -> Ask:
    app = way(made)

    async def ask(method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://lightship") as session:
            answer = await session.request(method, path, content=body, headers=headers)
            return answer.status_code, dict(answer.headers), answer.content

    return lambda method, path, body=b"", **headers: asyncio.run(ask(method, path, body, named(headers)))


def on_lambda(way: Way, made: Core) -> Ask:
    handler = gateway(made, fast=way is fast_path)

    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        event = json.loads((ROOT / "events" / "models.json").read_text()) | {"rawPath": path, "body": body.decode()}
        event["requestContext"]["http"]["method"] = method
        event["headers"] = {"host": "h"} | named(headers)
        answer = handler(event, None)
        assert not answer["isBase64Encoded"]
        return answer["statusCode"], answer["headers"], answer["body"].encode()

    return ask


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(params=[(platform, way) for platform in (on_server, on_lambda) for way in WAYS], ids=_named)
def platform(request: pytest.FixtureRequest, mangum_loop: None) -> Platform:
    where, way = request.param
    return partial(where, way)


@pytest.fixture
def ask(platform: Platform, registries: Registries) -> Ask:
    return platform(made(registries))


GETS = ["/", "/health/live", "/health/ready", "/ping", "/version", "/models", "/models/quickstart", "/v2"]
GETS += ["/v2/health/live", "/v2/models/quickstart", "/v1/models/quickstart", "/docs", "/docs/start.js"]
GETS += ["/openapi.json", "/nowhere", "/models/nothing"]


@pytest.mark.parametrize("path", GETS)
def test_head_has_headers_of_get_without_body(ask: Ask, path: str) -> None:
    status, headers, body = ask("HEAD", path)
    expected, others, content = ask("GET", path)
    assert (status, body) == (expected, b"")
    assert headers["content-length"] == others.get("content-length", str(len(content)))
    assert headers["content-type"] == others["content-type"]


def test_head_of_post_only_path_is_405(ask: Ask) -> None:
    status, headers, body = ask("HEAD", "/predict")
    assert (status, headers["allow"], body) == (405, "POST", b"")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/predict", "OPTIONS, POST"),
        ("/models", "GET, HEAD, OPTIONS"),
        ("/models/quickstart/predict", "OPTIONS, POST"),
        ("/v2/models/quickstart/infer", "OPTIONS, POST"),
        ("/jobs", "GET, HEAD, OPTIONS, POST"),
        ("/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_lists_methods(ask: Ask, path: str, methods: str) -> None:
    status, headers, body = ask("OPTIONS", path)
    assert (status, headers["allow"], body) == (204, methods, b"")


def test_preflight_without_token_is_answered(platform: Platform, registries: Registries) -> None:
    ask = platform(made(registries, token="sesame"))
    asked = {
        "origin": ORIGIN,
        "access_control_request_method": "POST",
        "access_control_request_headers": "authorization",
    }
    status, headers, _ = ask("OPTIONS", "/predict", **asked)
    assert (status, headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert headers["access-control-allow-headers"] == "authorization"
    status, headers, _ = ask("POST", "/predict", b'{"input": [1, 2, 3]}', origin=ORIGIN)
    assert (status, headers["access-control-allow-origin"]) == (401, ORIGIN)  # or a page could not read the error


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/predict", b'{"input": [1, 2, 3]}', 200),
        ("POST", "/predict", b"{", 400),
        ("POST", "/predict", b"x" * 200_000, 413),
        ("DELETE", "/predict", b"", 405),
        ("GET", "/openapi.json", b"", 200),
        ("GET", "/docs", b"", 200),
        ("GET", "/nowhere", b"", 404),
        ("HEAD", "/models", b"", 200),
    ],
)
def test_response_to_allowed_origin_has_cors_headers(
    ask: Ask, method: str, path: str, body: bytes, status: int
) -> None:
    got, headers, _ = ask(method, path, body, origin=ORIGIN)
    assert (got, headers["access-control-allow-origin"]) == (status, ORIGIN)
    assert "origin" in headers["vary"]
    _, headers, _ = ask(method, path, body, origin="https://evil.example")
    assert "access-control-allow-origin" not in headers
    assert "origin" in headers["vary"]


def test_response_without_configured_origins_has_no_cors_headers(platform: Platform, registries: Registries) -> None:
    _, headers, _ = platform(made(registries, origins=()))("GET", "/models", origin=ORIGIN)
    assert not {name for name in headers if name.startswith("access-control")}


@pytest.mark.parametrize("path", ["/models/", "/v2/models/quickstart/", "/health/live/", "/openapi.json/", "/jobs/"])
def test_path_with_trailing_slash_equals_path_without(ask: Ask, path: str) -> None:
    status, _, body = ask("GET", path)
    assert (status, body) == ask("GET", path[:-1])[::2]
    assert ask("POST", "/predict/", b'{"input": [1, 2, 3]}')[0] == 200


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("/predict", "application/json", b'{"input": [1, 2, 3]}'),
        ("/v1/models/quickstart:predict", "application/json", b'{"instances": [[1, 2, 3]]}'),
        (
            "/v2/models/quickstart/infer",
            "application/json",
            b'{"inputs": [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}',
        ),
        ("/invocations", "application/json", b'{"instances": [[1, 2, 3]]}'),
        ("/invocations", "application/jsonlines", b"[1, 2, 3]\n[4, 5, 6]"),
        ("/predict", "text/csv", b"1,2,3\n"),
        ("/predict", "text/csv", b"mean radius,mean texture,mean concavity\n1,2,3\n"),
        ("/invocations", "text/csv", b"mean radius,mean texture,mean concavity\n1,2,3\n"),
    ],
)
def test_body_with_byte_order_mark_is_accepted(ask: Ask, path: str, media_type: str, body: bytes) -> None:
    status, _, answer = ask("POST", path, MARK + body, content_type=media_type)
    assert (status, answer) == (200, ask("POST", path, body, content_type=media_type)[2])


def test_job_body_with_byte_order_mark_is_accepted(ask: Ask) -> None:
    status, _, body = ask("POST", "/jobs", MARK + b'{"upload": {"name": "a.csv"}}', content_type="application/json")
    assert (status, body) == ask("POST", "/jobs", b'{"upload": {"name": "a.csv"}}', content_type="application/json")[
        ::2
    ]


def test_docs_page_needs_no_token_and_document_requires_token(platform: Platform, registries: Registries) -> None:
    ask = platform(made(registries, token="sesame"))
    status, headers, page = ask("GET", "/docs")
    assert status == 200
    assert b"quickstart" not in page
    assert b"://" not in page  # nothing is loaded from other sites
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    status, headers, _ = ask("GET", "/openapi.json")
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    status, headers, body = ask("GET", "/openapi.json", authorization="Bearer sesame")
    document = json.loads(body)
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["security"] == [{"bearer": []}]
    assert "401" in document["paths"]["/predict"]["post"]["responses"]
    assert "401" in document["paths"]["/jobs"]["get"]["responses"]
    assert document["paths"]["/health/live"]["get"]["security"] == []
    assert "401" not in document["paths"]["/health/live"]["get"]["responses"]


def test_document_without_token_has_no_security_scheme(ask: Ask) -> None:
    document = json.loads(ask("GET", "/openapi.json")[2])
    assert "securitySchemes" not in document["components"]
    assert "security" not in document


def test_docs_with_trailing_slash_redirect_to_docs(ask: Ask) -> None:
    status, headers, _ = ask("GET", "/docs/")
    assert (status, headers["location"]) == (308, "../docs")


def test_docs_files_exist(registries: Registries) -> None:
    ask = on_server(fast_path, made(registries, token="sesame"))
    _, _, page = ask("GET", "/docs")
    linked = [part.split('"')[0] for part in page.decode().replace('src="', 'href="').split('href="')[1:]]
    assert linked == ["docs/swagger-ui.css", "docs/favicon.png", "docs/swagger-ui-bundle.js", "docs/start.js"]
    for link in linked:
        status, headers, body = ask("GET", f"/{link}")
        assert status == 200 and body
        assert headers["x-content-type-options"] == "nosniff"
