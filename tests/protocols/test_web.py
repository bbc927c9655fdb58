"""The page's files: forms, caching, policy."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request, Response
from lightship.protocols.web import files
from lightship.registry.registry import Registry
from lightship.serving.serving import Serving
from lightship.settings import PageSettings, Settings

SCRIPT = b"export const answer = 42;\n" * 100
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a compressed script and a plain image."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index-B_kkaqm7.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "app" / "icon-maskable.svg").write_bytes(b"<svg/>")
    return tmp_path


def ask(folder: Path, name: str, **headers: str) -> Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    response = files.respond(name, Request("GET", f"/{name}", headers=named), folder=folder)
    assert response is not None
    return response


def test_compressed_file_is_sent_compressed(folder: Path) -> None:
    response = ask(folder, "app/index-B_kkaqm7.js", accept_encoding="br, gzip")
    assert (response.status, gzip.decompress(response.body)) == (200, SCRIPT)
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip; q=0.0, *", "br"])
def test_client_without_gzip_receives_plain_content(folder: Path, accepted: str) -> None:
    response = ask(folder, "app/index-B_kkaqm7.js", accept_encoding=accepted)
    assert response.body == SCRIPT
    assert "content-encoding" not in response.headers


def test_file_with_hash_is_kept_and_others_are_checked(folder: Path) -> None:
    assert "immutable" in ask(folder, "app/index-B_kkaqm7.js").headers["cache-control"]
    assert ask(folder, "app/icon-maskable.svg").headers["cache-control"] == "no-cache"


def test_unchanged_file_is_304(folder: Path) -> None:
    etag = ask(folder, "app/icon-maskable.svg").headers["etag"]
    for condition in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        response = ask(folder, "app/icon-maskable.svg", if_none_match=condition)
        assert (response.status, response.body, response.headers["etag"]) == (304, b"", etag)
    assert ask(folder, "app/icon-maskable.svg", if_none_match='"other"').status == 200


def test_file_built_again_is_read_again(folder: Path) -> None:
    before = ask(folder, "app/icon-maskable.svg").headers["etag"]
    (folder / "app" / "icon-maskable.svg").write_bytes(b"<svg></svg>")
    after = ask(folder, "app/icon-maskable.svg")
    assert after.body == b"<svg></svg>"
    assert after.headers["etag"] != before


def test_missing_file_returns_nothing(folder: Path) -> None:
    for name in ("index.html", "app", "app/other.js"):
        assert files.respond(name, Request("GET", f"/{name}"), folder=folder) is None


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Dispatcher:
    page = PageSettings("jwt", "https://id.example", "page", "openid", ("https://id.example",), jobs=True)
    settings = Settings(token="secret", allow_admin=True, max_body=1000, page=page)
    return Dispatcher(Serving(Registry(str(tmp_path_factory.mktemp("models")))), settings=settings)


def get(service: Dispatcher, path: str, *, unslashed: str = "", query: str = "", **headers: str) -> Response:
    response = service.answer(Request("GET", path, query, headers, unslashed=unslashed))
    assert response is not None
    return response


def test_root_is_page_for_html_and_liveness_for_others(service: Dispatcher) -> None:
    page = get(service, "/", **HTML)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["vary"] == "accept, accept-encoding"
    policy = page.headers["content-security-policy"]
    assert "connect-src 'self' https://id.example;" in policy
    assert "unsafe-inline" not in policy
    for accept in ({}, {"accept": "*/*"}, {"accept": "application/json"}):
        assert get(service, "/", **accept).body == b'{"status":"alive","docs":"/docs"}'


def test_root_without_slash_redirects_pages_only(service: Dispatcher) -> None:
    moved = get(service, "/", unslashed="prod", query="a=1", **HTML)
    assert (moved.status, moved.headers["location"]) == (308, "prod/?a=1")
    assert get(service, "/", unslashed="prod").status == 200


@pytest.mark.parametrize(
    "path", ["/app/../__init__.py", "/app/.hidden", "/app/", "/app/a/b.js", "/app/..", "/app/a\\b"]
)
def test_path_outside_of_files_has_no_route(service: Dispatcher, path: str) -> None:
    assert service.answer(Request("GET", path)) is None


def test_unknown_file_is_404(service: Dispatcher) -> None:
    assert get(service, "/app/unknown.js").status == 404


def test_settings_are_open_and_hold_no_secret(service: Dispatcher) -> None:
    response = get(service, "/app/settings.json")
    assert response.status == 200
    assert b"secret" not in response.body
    assert b'"sign_in":{"method":"jwt","issuer":"https://id.example","client":"page","scope":"openid"}' in response.body
    assert b'"admin":true,"jobs":true,"max_body":1000' in response.body
    assert response.headers["cache-control"] == "no-cache"
