"""The argument INPUT: JSON text, a file or standard input, as a request."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from lightship.errors import InvalidInput
from lightship.formats import images, workbooks
from lightship.protocols.http import Request

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".txt": "text/plain",
    **images.MEDIA_TYPES,
}
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def read_request(source: str, *, header: bool | None = None) -> Request:
    """Return the request of the native protocol for the input.

    ``header`` is whether a CSV's first row is a header, None for unknown. Raises InvalidInput.
    """
    body, content_type = _read(source)
    if header is not None:
        if content_type != "text/csv":
            raise InvalidInput(f"--header and --no-header require CSV, and INPUT is {content_type}")
        content_type += f"; header={'present' if header else 'absent'}"
    return Request("POST", "/predict", headers={"content-type": content_type}, body=body)


def _read(source: str) -> tuple[bytes, str]:
    """Return the input's bytes and media type; JSON becomes ``{"input": value}``."""
    path = Path(source) if len(source) < 1024 and not source.lstrip().startswith(("[", "{")) else None
    if source == "-":
        data = sys.stdin.buffer.read()
        if not data.strip():
            raise InvalidInput("INPUT is missing and standard input is empty: give JSON text or a file")
    elif path is not None and path.is_file():
        data = path.read_bytes()
    elif path is not None and not _is_json(source.encode()):
        raise InvalidInput(f"INPUT is {source!r}: it is neither a file that exists nor JSON")
    else:
        data = source.encode()
    return _with_media_type(data, path.suffix.lower() if path is not None else "")


def _with_media_type(data: bytes, suffix: str) -> tuple[bytes, str]:
    workbooks.check(data, "INPUT")
    for magic, media_type in _MAGIC.items():
        if data.startswith(magic):
            return data, media_type
    if suffix in _MEDIA_TYPES and not _is_json_list(data, suffix):
        return data, _MEDIA_TYPES[suffix]
    if suffix not in {"", ".json"} and not _is_json(data):
        raise InvalidInput(
            f"INPUT is a {suffix} file: it must be JSON, CSV, text, PNG or JPEG; "
            "`lightship batch` scores CSV, JSON Lines and Parquet files"
        )
    if not suffix and data.lstrip()[:1] not in (b"{", b"[", b'"') and not _is_json(data):
        return data, "text/csv"
    return _as_body(data), "application/json"


def _as_body(data: bytes) -> bytes:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data  # the protocol reports the error
    whole = isinstance(value, dict) and ("input" in value or "inputs" in value)
    return data if whole else b'{"input":' + data + b"}"


def _is_json_list(data: bytes, suffix: str) -> bool:
    """Return whether a .txt file holds a JSON object or list, not a text."""
    return suffix == ".txt" and data.lstrip()[:1] in (b"{", b"[") and _is_json(data)


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True
