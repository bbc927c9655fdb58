"""Files of the built page: read once, kept in memory, sent compressed.

``scripts/build-web`` compresses what gains by it, so that a file ``NAME.gz`` stands for ``NAME``. Only the compressed
content is kept; the few clients that do not accept gzip receive it decompressed.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lightship.errors import NotFound
from lightship.protocols.http import Request, Response

STATIC = Path(__file__).with_name("static")

# Vite's names contain a hash of the content. A hash has a digit, a capital or an underscore, an ordinary word has none.
_HASHED = re.compile(r".*-(?=[^.]*[A-Z0-9_])[\w-]{8}\.\w+")
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


class _File(NamedTuple):
    """The content of a file, whether it is compressed, and its ETag."""

    content: bytes
    compressed: bool
    etag: str


def respond(name: str, request: Request, *, folder: Path = STATIC) -> Response | None:
    """Return a file of a folder, or 304; None if there is none.

    ``name`` must be of the names that the routes accept: it is not checked here.
    """
    file = _find(folder, name)
    if file is None:
        return None
    lasting = "public, max-age=31536000, immutable" if _HASHED.fullmatch(name) else "no-cache"
    headers = {"cache-control": lasting, "etag": file.etag, "vary": "accept-encoding"}
    if _matches(request.headers.get("if-none-match", ""), file.etag):
        return Response(304, b"", headers)
    headers["content-type"] = _MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
    if not file.compressed:
        return Response(200, file.content, headers)
    if _accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(200, file.content, {**headers, "content-encoding": "gzip"})
    return Response(200, gzip.decompress(file.content), headers)


def missing(name: str) -> NotFound:
    """Return the error for a file that does not exist."""
    hint = "" if _find(STATIC, "index.html") else ": the page has not been built, which `make web` does"
    return NotFound(f"the page has no file '{name}'{hint}")


def _find(folder: Path, name: str) -> _File | None:
    for path in (folder / f"{name}.gz", folder / name):
        try:
            return _read(path, path.stat().st_mtime_ns)
        except (FileNotFoundError, IsADirectoryError):
            continue
    return None


@lru_cache(maxsize=64)  # more than the page has files; a file that is built again has another time
def _read(path: Path, _: int) -> _File:
    content = path.read_bytes()
    # Weak, because it is the same for the compressed and the plain form.
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(content, path.suffix == ".gz", etag)


def _matches(condition: str, etag: str) -> bool:
    """Return whether If-None-Match names an ETag.

    The comparison is weak (RFC 9110, 13.1.2).
    """
    stated = {entry.strip().removeprefix("W/") for entry in condition.split(",")}
    return "*" in stated or etag.removeprefix("W/") in stated


def _accepts_gzip(accepted: str) -> bool:
    weights = {}
    for entry in accepted.lower().split(","):
        coding, _, parameter = entry.partition(";")
        weights[coding.strip()] = parameter.replace(" ", "")
    weight = weights.get("gzip", weights.get("*"))
    return weight is not None and not re.fullmatch(r"q=0(\.0*)?", weight)
