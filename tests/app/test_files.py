"""Files of a version through both ways of an application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lightship.bundle import MODEL, Bundle, digests, write_manifest
from lightship.protocols.http import FilePart
from tests.app.asgi import Exchange, ask
from tests.bundles import Registries
from tests.dispatch.device_registry import publish
from tests.serve import WAYS, Way, core

PATH = "/models/pair/versions/1/assets/large.npz"
HOST = ("host", "localhost")

Ask = Callable[..., Exchange]


@pytest.fixture(scope="module")
def published(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Return a bundle with an asset of several blocks."""
    bundle = publish(registries, str(tmp_path_factory.mktemp("large")))
    (bundle.path / "assets" / "large.npz").write_bytes(np.random.default_rng(0).bytes(1_000_003))
    return write_manifest(bundle.path, bundle.manifest._replace(files=digests(bundle.path)))


@pytest.fixture(scope="module", params=WAYS)
def asked(request: pytest.FixtureRequest, published: Bundle) -> Iterator[Ask]:
    way: Way = request.param
    made = core(published.path.parents[1], threads=True, default_model="pair")
    app = way(made)
    yield lambda method, path, *headers: ask(app, method, path, headers=[HOST, *headers])
    assert made.server
    made.server.close()


def test_large_file_arrives_whole(asked: Ask, published: Bundle) -> None:
    done = asked("GET", PATH, ("accept-encoding", "gzip"))
    content = (published.path / "assets" / "large.npz").read_bytes()
    assert (done.status, done.body) == (200, content)
    assert done.headers["content-length"] == str(len(content))
    assert "content-encoding" not in done.headers


def test_range_of_large_file_arrives(asked: Ask, published: Bundle) -> None:
    done = asked("GET", PATH, ("range", "bytes=300000-"))
    content = (published.path / "assets" / "large.npz").read_bytes()
    assert (done.status, done.body) == (206, content[300_000:])


def test_head_has_headers_of_get(asked: Ask) -> None:
    head, get = asked("HEAD", PATH), asked("GET", PATH)
    assert (head.status, head.body) == (200, b"")
    for name in ("content-length", "etag", "repr-digest"):
        assert head.headers[name] == get.headers[name]


def test_unchanged_file_has_no_length(asked: Ask) -> None:
    etag = asked("HEAD", PATH).headers["etag"]
    done = asked("GET", PATH, ("if-none-match", etag))
    assert (done.status, done.body, done.headers["etag"]) == (304, b"", etag)
    assert "content-length" not in done.headers


def test_lambda_core_sends_file_from_memory(published: Bundle) -> None:
    for way in WAYS:
        app = way(core(published.path.parents[1], default_model="pair", max_answer=6_000_000))
        done = ask(app, "GET", f"/models/pair/{MODEL}")
        assert done.body == (published.path / MODEL).read_bytes()


def test_file_part_after_truncation_raises_os_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(600_000))
    blocks = FilePart(path, 0, 600_000).blocks()
    next(blocks)
    with path.open("r+b") as file:
        file.truncate(300_000)
    with pytest.raises(OSError, match="shorter"):
        list(blocks)
