"""Test the ASGI application: limits, encodings, authentication and other pages."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from lightship.app.messages import ASGIApp
from tests.bundles import Registries
from tests.serve import WAYS, Way, core

Client = Callable[..., httpx.Response]
LIMIT = 100_000


def client(app: ASGIApp) -> Client:
    async def ask(*args: Any, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://lightship") as session:
            return await session.request(*args, **options)

    return lambda *args, **options: asyncio.run(ask(*args, **options))


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


@pytest.fixture
def ask(way: Way, registries: Registries) -> Client:
    return client(way(core(registries.examples)))


BODY = b'{"input": [1.0, 2.0, 3.0]}'


def test_predict_as_in_readme_returns_probability(ask: Client) -> None:
    answer = ask("POST", "/predict", json={"input": [1.0, 2.0, 3.0]})
    assert answer.status_code == 200
    ((value,),) = answer.json()
    assert 0 < value < 1
    assert ask("POST", "/predict", json={"input": [[1.0, 2.0, 3.0]] * 2}).json() == [[value]] * 2


def gzipped(body: bytes) -> bytes:
    """Return the same bytes at any time: they are part of a test's id."""
    return gzip.compress(body, mtime=0)


def in_two(body: bytes) -> bytes:
    """Return two gzip members, as `cat a.gz b.gz` makes them."""
    return gzipped(body[:9]) + gzipped(body[9:])


def raw(body: bytes) -> bytes:
    """Return RFC 1951 data without RFC 1950's header, as some clients send deflate."""
    return zlib.compress(body, wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzipped),
        ("GZIP", in_two),
        ("x-gzip", gzipped),
        ("deflate", zlib.compress),
        ("deflate", raw),
        ("identity", bytes),
    ],
)
def test_body_with_supported_encoding_is_decoded(ask: Client, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    assert ask("POST", "/predict", content=pack(BODY), headers={"content-encoding": encoding}).status_code == 200


def chunks() -> Any:
    async def generate() -> Any:
        for _ in range(LIMIT):
            yield b"x" * 1000

    return generate()


@pytest.mark.parametrize(
    ("content", "headers", "status", "named"),
    [
        (b"x" * (LIMIT + 1), {}, 413, "100000 bytes"),
        (b"{}", {"content-length": "99999999999999999999999"}, 413, "100000 bytes"),
        (gzipped(bytes(50_000_000)), {"content-encoding": "gzip"}, 413, "100000 bytes"),
        (b"no gzip", {"content-encoding": "gzip"}, 400, "gzip"),
        (gzipped(BODY)[:-9], {"content-encoding": "gzip"}, 400, "cut off"),
        (
            gzipped(BODY) + b"junk",
            {"content-encoding": "gzip"},
            400,
            "4 bytes",
        ),
        (zlib.compress(BODY) * 2, {"content-encoding": "deflate"}, 400, "after"),
        (raw(BODY) + b"junk", {"content-encoding": "deflate"}, 400, "4 bytes"),
        (raw(BODY)[:-3], {"content-encoding": "deflate"}, 400, "cut off"),
        (in_two(BODY)[:-9], {"content-encoding": "gzip"}, 400, "cut off"),
        (gzipped(bytes(60_000)) * 2, {"content-encoding": "gzip"}, 413, "100000 bytes"),
        (gzipped(b"") * 200, {"content-encoding": "gzip"}, 400, "members"),
        (b"", {"content-encoding": "gzip"}, 400, "cut off"),
        (BODY, {"content-encoding": "br"}, 415, " br"),
    ],
)
def test_body_beyond_limits_is_refused(
    ask: Client, content: bytes, headers: dict[str, str], status: int, named: str
) -> None:
    answer = ask("POST", "/predict", content=content, headers=headers)
    assert answer.status_code == status
    assert named in answer.json()["error"]["message"]


def test_endless_stream_is_refused_at_limit(ask: Client) -> None:
    assert ask("POST", "/predict", content=chunks()).status_code == 413


@pytest.mark.parametrize("path", ["/models", "/models/quickstart", "/openapi.json", "/nowhere", "/jobs", "/docs/x"])
@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "Bearer ", "Basic sesame", "sesame", "Bearer  sesame", "Bearer s\u00e9same"]
)
def test_request_without_valid_token_is_401(way: Way, registries: Registries, path: str, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header.encode("latin-1")}
    answer = client(way(core(registries.examples, token="sesame")))("GET", path, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["error"]["code"] == "unauthenticated"


def test_request_with_token_is_answered_and_health_without_token(way: Way, registries: Registries) -> None:
    ask = client(way(core(registries.examples, token="sesame")))
    headers = {"authorization": "Bearer sesame"}
    assert ask("POST", "/predict", content=BODY, headers=headers).status_code == 200
    assert ask("POST", "/predict", content=BODY, headers={"authorization": "bearer sesame"}).status_code == 200
    assert ask("POST", "/predict", content=BODY).status_code == 401
    assert ask("GET", "/openapi.json", headers=headers).status_code == 200
    assert ask("GET", "/health/live").status_code == 200
    assert ask("GET", "/health/ready").json() == {"status": "ready", "models": []}
    assert len(ask("GET", "/health/ready", headers=headers).json()["models"]) == 2


def test_unknown_path_and_method_have_native_error(ask: Client) -> None:
    for method, path, status in [("GET", "/nowhere", 404), ("POST", "/docs", 405)]:
        answer = ask(method, path)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]


def test_openapi_examples_are_valid_requests(ask: Client) -> None:
    document = ask("GET", "/openapi.json").json()
    tried = 0
    for path, operations in document["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        for media_type, described in content.items():
            if "example" in described:
                example = described["example"]
                body = example.encode() if isinstance(example, str) else orjson.dumps(example)
                answer = ask("POST", path, content=body, headers={"content-type": media_type})
                assert answer.status_code == 200, (path, media_type, answer.text)
                tried += 1
    assert tried >= 5


def test_openapi_document_has_schema_of_each_model(ask: Client) -> None:
    paths = ask("GET", "/openapi.json").json()["paths"]
    body = paths["/models/digits/predict"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "image/png", "image/jpeg"}
    rows, *_ = body["application/json"]["schema"]["properties"]["input"]["anyOf"][0]["anyOf"]
    assert rows["items"]["maxItems"] == 28
    answer = paths["/models/quickstart/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(answer["properties"]["classes"]["items"]["properties"]) == {"benign", "malignant"}
    assert {"/predict", "/models", "/models/{name}", "/health/live", "/health/ready"} <= set(paths)
