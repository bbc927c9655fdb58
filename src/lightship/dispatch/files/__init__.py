"""Files of a version for devices.

Digests, conditions, ranges and redirects are those of RFC 9110 and RFC 9530.
"""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from pathlib import Path

from lightship.bundle import digest_file
from lightship.calls import ModelFile
from lightship.dispatch.files.ranges import Range, requested
from lightship.errors import BundleError, TooLarge
from lightship.protocols.http import FilePart, Matched, Request, Response
from lightship.regular_files import open_regular
from lightship.serving.serving import Serving

# Seconds for which the URL of a redirect is valid.
_LINK_SECONDS = 300

# A version never changes; the default one does. Neither may be compressed: ranges count the file's own bytes.
_CACHED = "private, max-age=31536000, immutable, no-transform"
_CHECKED = "private, no-cache, no-transform"


def file(serving: Serving, request: Request, matched: Matched, *, max_answer: int) -> Response:
    """Return a file of the version that the path selects, or a part of it.

    ``max_answer`` is as in :class:`lightship.dispatch.dispatcher.Dispatcher`. A larger file is a redirect to the
    registry's bucket. Raises NotFound, RangeNotSatisfiable, TooLarge, BundleError or RegistryError.
    """
    selector = matched.selector
    found = serving.status.file(matched.parameters["name"], selector.version, selector.label, file=_name(matched))
    request.model, request.version = found.model, found.version
    headers = _headers(found, selected=selector.explicit)
    if _is_unchanged(request, headers["etag"]):
        return Response(304, b"", headers)
    if max_answer and (redirect := _redirect(serving, found, headers, max_answer)):
        return redirect
    path = serving.status.open_file(found)
    size = _verified(path, found)
    part = requested(request.headers, size, etag=headers["etag"])
    _check_size(part, max_answer)
    return _response(path, part, size, headers)


def _name(matched: Matched) -> str:
    asset = matched.parameters.get("file")
    return f"assets/{asset}" if asset else matched.route.path.rpartition("/")[2]


def _headers(found: ModelFile, *, selected: bool) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    media = "application/json" if found.name.endswith("manifest.json") else "application/octet-stream"
    return {
        "content-type": media,
        "etag": f'"{found.sha256}"',
        "repr-digest": f"sha-256=:{digest}:",
        "accept-ranges": "bytes",
        "cache-control": _CACHED if selected else _CHECKED,
        "x-content-type-options": "nosniff",
        "content-disposition": "attachment",
        "lightship-version": str(found.version),
    }


def _is_unchanged(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return etag in tags or "*" in tags


def _redirect(serving: Serving, found: ModelFile, headers: dict[str, str], limit: int) -> Response | None:
    """Return the redirect for a file beyond the limit, where there is a URL."""
    link = serving.status.link(found, seconds=_LINK_SECONDS)
    if link is None or _encoded(link[1]) <= limit:
        return None
    named = {name: headers[name] for name in ("repr-digest", "lightship-version")}
    return Response(307, b"", {**named, "location": link[0], "cache-control": "no-store"})


def _check_size(part: Range, limit: int) -> None:
    if limit and _encoded(part.length) > limit:
        raise TooLarge(
            f"the file has {part.length} bytes, and an answer at most {limit // 4 * 3}: request parts of it with the "
            "header Range, or keep the registry in S3, which sends large files itself"
        )


def _encoded(size: int) -> int:
    """Return the size of bytes in an event, as base64."""
    return (size + 2) // 3 * 4


def _verified(path: Path, found: ModelFile) -> int:
    """Return a file's size; raises BundleError unless it has the manifest's digest."""
    try:
        with open_regular(path) as opened:
            status = os.fstat(opened.fileno())
        digest = _digest(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        reason = f"{found.model}/{found.version}/{found.name} cannot be read: {error.strerror or 'input error'}"
        raise BundleError(reason) from None
    if digest != found.sha256:
        raise BundleError(
            f"{found.model}/{found.version}/{found.name} is corrupt or was changed: its digest differs from the "
            "manifest's"
        )
    return status.st_size


@lru_cache(maxsize=256)
def _digest(path: Path, modified: int, size: int) -> str:
    return digest_file(path)


def _response(path: Path, part: Range, size: int, headers: dict[str, str]) -> Response:
    headers = {**headers, "content-length": str(part.length)}
    if part.is_partial:
        headers["content-range"] = f"bytes {part.start}-{part.start + part.length - 1}/{size}"
    else:
        headers["content-digest"] = headers["repr-digest"]
    return Response(206 if part.is_partial else 200, b"", headers, FilePart(path, part.start, part.length))
