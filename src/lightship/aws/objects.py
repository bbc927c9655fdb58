"""Objects of S3, by obstore.

It is imported in a tenth of boto3's time, and a request takes a fifth of boto3's processor time.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lightship.aws import credentials
from lightship.aws.errors import CONFLICT, MISSING, NO_RESPONSE, ObjectsError
from lightship.extras import require

if TYPE_CHECKING:
    from obstore.store import S3Store

BLOCK = 1024 * 1024

# Metadata of an object that identifies the request that wrote it.
TOKEN = "lightship-write"  # noqa: S105 - a header's name

_CONNECT_SECONDS = 3
_SILENT_SECONDS = 20
_READ_SECONDS = 60
_WRITE_SECONDS = 900  # a Lambda function's longest invocation
_RETRY_SECONDS = 60
_BREAKS = 5
_PUTS = 3  # with as many requests each as there are attempts

_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,80})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,500})</Message>")
_REGION = re.compile(r"<Region>([a-z0-9-]{1,40})</Region>")
_STATUS = re.compile(r"status code: (\d{3})")
_TIMEOUT = re.compile(r"kind: Timeout|TimedOut")

_BARE_REDIRECT = "BareRedirect"  # obstore's word for S3's answer where a bucket is in another region

_UNCHANGED = "304"
_REFUSED = frozenset({"400", "403"})

# The meaning of a status without a body, as of HEAD.
_STATUSES = {"404": "NoSuchKey", "409": "ConditionalRequestConflict", "412": "PreconditionFailed"}

# TLS protects a body on its way, and S3 verifies its CRC-64, which takes a tenth of the time of a signed SHA-256. Other
# servers may not know this checksum: they get the SHA-256.
_ON_AWS: Mapping[str, Any] = {"unsigned_payload": True, "checksum_algorithm": "CRC64NVME"}

# Statuses after which a request may have taken effect.
_UNCERTAIN = frozenset({"500", "502", "503", "504", "InternalError", "ServiceUnavailable", "SlowDown"})

_NO_METADATA: Mapping[str, str] = {}

_open_objects: weakref.WeakSet[Objects] = weakref.WeakSet()


class Description(NamedTuple):
    """What S3 says of an object.

    Attributes:
        size: bytes of the whole object.
        version: empty in a bucket that is not versioned.
    """

    key: str
    size: int
    etag: str
    version: str = ""
    metadata: Mapping[str, str] = _NO_METADATA


class Object(NamedTuple):
    """An object, or the range of it that was read."""

    data: bytes
    description: Description


class Reading(NamedTuple):
    """An object that is being read.

    ``blocks`` is the content in blocks of about a mebibyte; it resumes where a connection broke.
    """

    description: Description
    blocks: Iterator[bytes]


class Objects:
    """The objects of one bucket, at the endpoint of the environment. Thread-safe.

    obstore must not be used in a process that was forked after its first request: it would wait for ever. So it is
    opened at the first request, and a request in such a process raises ObjectsError.

    Args:
        bucket: its name.
        attempts: total number of attempts of a request.
        silent: seconds for which a server may send nothing.
        seconds: the longest duration of a request that reads; the next one reads the rest of a large object.

    Raises MissingExtra without obstore.
    """

    _first_process: ClassVar[int] = 0

    def __init__(
        self, bucket: str, *, attempts: int = 6, silent: float = _SILENT_SECONDS, seconds: float = _READ_SECONDS
    ) -> None:
        require("s3", "S3")
        self.bucket = bucket
        self._attempts = attempts
        self._silent = silent
        self._seconds = seconds
        self._endpoint = _endpoint()
        self._credentials = credentials.Credentials()
        self._opened: dict[float, S3Store] = {}  # by the longest duration of their requests
        self._lock = threading.Lock()

    def get(
        self, key: str, *, start: int = 0, end: int | None = None, etag: str = "", version: str = ""
    ) -> Object | None:
        """Return an object, or its bytes ``[start, end)``; None where it does not exist.

        ``etag`` and ``version`` pin the object: ObjectsError with code PreconditionFailed where it is another one.
        Raises ObjectsError.
        """
        reading = self._get(key, _options(start, end, etag, version))
        if reading is None:
            return None
        with self._errors("GetObject"):
            return Object(reading.bytes().to_bytes(), _describe(key, reading))

    def read(
        self, key: str, *, start: int = 0, end: int | None = None, etag: str = "", version: str = ""
    ) -> Reading | None:
        """Return an object whose content is not read yet; as :meth:`get`."""
        reading = self._get(key, _options(start, end, etag, version))
        if reading is None:
            return None
        description = _describe(key, reading)
        return Reading(description, self._blocks(reading, description, reading.range))

    def changed(self, key: str, etag: str) -> bool:
        """Return whether an object's etag is not this one, or it does not exist."""
        try:
            self._get(key, {"if_none_match": etag})
        except ObjectsError as error:
            if error.code == _UNCHANGED:
                return False
            raise
        return True

    def head(self, key: str) -> Description | None:
        """Return what S3 says of an object; None where it does not exist."""
        try:
            reading = self._get(key, {"head": True})
        except ObjectsError as error:
            if error.code in _REFUSED:  # the answer to HEAD has no body, which would say why
                self._get(key, _options(0, 1, "", ""))
            raise
        return None if reading is None else _describe(key, reading)

    def put(
        self,
        key: str,
        data: Any,
        *,
        etag: str | None,
        media_type: str = "application/octet-stream",
        metadata: Mapping[str, str] = _NO_METADATA,
    ) -> str | None:
        """Put an object if the present one has this etag, and return the new etag.

        ``data`` is a buffer, or a list of buffers. ``etag`` None: if there is no object. Returns None, and writes
        nothing, where the condition does not hold. S3 verifies a checksum of what arrives. Where the response was lost,
        or another conditional write was in progress, the object says by its metadata which request wrote it.
        """
        from obstore import put

        token = os.urandom(12).hex()
        attributes = {"Content-Type": media_type, TOKEN: token, **metadata}
        mode: Any = "create" if etag is None else {"e_tag": etag}
        for tries_left in range(_PUTS - 1, -1, -1):
            try:
                with self._errors("PutObject"):
                    store = self._store(writing=True)
                    return str(put(store, key, data, mode=mode, attributes=attributes, use_multipart=False)["e_tag"])
            except ObjectsError as error:
                conflict = error.code in CONFLICT
                if etag is not None and error.code in MISSING:
                    return None
                if not (conflict or _is_unanswered(error)):
                    raise
                written = self.head(key)
                if written is not None and written.metadata.get(TOKEN) == token:
                    return written.etag
                if conflict and (written is not None or etag is not None):
                    return None
                if not tries_left:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def upload(self, key: str, file: Any) -> None:
        """Upload a file of any size, in parts, in place of any present object."""
        from obstore import put

        with self._errors("PutObject"):
            put(self._store(writing=True), key, file)

    def list(self, prefix: str) -> Iterator[Description]:
        """Return the objects below a folder, in key order, 1,000 with one request.

        It is for keys of our own: obstore changes keys that end with ``/``, and refuses listings that have a segment
        without a name.
        """
        import obstore

        with self._errors("ListObjectsV2"):
            for page in obstore.list(self._store(), prefix.rstrip("/") or None, chunk_size=1000):
                for entry in page:
                    yield Description(entry["path"], entry["size"], entry["e_tag"] or "", entry["version"] or "")

    def is_listed(self, key: str) -> bool:
        """Return whether a listing has an object, with one request."""
        import obstore

        folder = key.rpartition("/")[0]
        with self._errors("ListObjectsV2"):
            first = next(obstore.list(self._store(), folder or None, offset=key[:-1], chunk_size=1000), ())
        return any(entry["path"] == key for entry in first)

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the sorted names of the folders directly below a folder."""
        from obstore import list_with_delimiter

        with self._errors("ListObjectsV2"):
            found = list_with_delimiter(self._store(), prefix.rstrip("/") or None)
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"])

    def url(self, key: str, *, seconds: int) -> str:
        """Return a URL from which an object can be read until it expires."""
        from obstore import sign

        with self._errors("GetObject"):
            return str(sign(self._store(), "GET", key, timedelta(seconds=seconds)))

    def close(self) -> None:
        """Drop connections and credentials: the next request makes new ones."""
        with self._lock:
            self._opened = {}

    def _get(self, key: str, options: Any) -> Any:
        from obstore import get

        try:
            with self._errors("HeadObject" if options.get("head") else "GetObject"):
                return get(self._store(), key, options=options)
        except ObjectsError as error:
            if error.code in MISSING:
                return None
            raise

    def _blocks(self, reading: Any, description: Description, span: tuple[int, int]) -> Iterator[bytes]:
        """Return the content, asking again for the rest where a connection broke."""
        position, end = span
        breaks = 0  # since the last block
        while True:
            broken = ObjectsError("EndpointConnectionError", "GetObject", "the response ended early")
            try:
                with self._errors("GetObject"):
                    # A stream takes half of the processor time of a small object.
                    small = end - position <= BLOCK
                    for block in [reading.bytes()] if small else reading.stream(min_chunk_size=BLOCK):
                        position += len(block)
                        breaks = 0
                        yield bytes(block)
            except ObjectsError as error:
                broken = error
            if position >= end:
                return
            if breaks == _BREAKS or not _is_unanswered(broken):
                raise broken
            breaks += 1
            again = _options(position, end, description.etag, description.version)
            reading = self._get(description.key, again)
            if reading is None:
                raise ObjectsError("NoSuchKey", "GetObject", "the object was deleted while it was read")

    @contextmanager
    def _errors(self, operation: str) -> Iterator[None]:
        """Translate obstore's errors to ObjectsError."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            if self._credentials.failure is not None:
                raise self._credentials.failure from None
            raise _translated(error, operation) from None

    def _store(self, *, writing: bool = False) -> S3Store:
        seconds = _WRITE_SECONDS if writing else self._seconds
        with self._lock:
            if seconds not in self._opened:
                self._opened[seconds] = self._open(seconds)
                _open_objects.add(self)
            process = os.getpid()
            Objects._first_process = Objects._first_process or process
            if process != Objects._first_process:
                raise ObjectsError("ForkedProcess", "", "obstore was used before this process was forked")
            return self._opened[seconds]

    def _open(self, seconds: float) -> S3Store:
        from obstore.store import S3Store

        endpoint = self._endpoint
        config: Any = {"region": credentials.region(os.environ), "bucket": self.bucket}
        if endpoint:
            config["endpoint"] = endpoint
        else:
            config |= _ON_AWS
        # AWS's certificates do not cover buckets with dots, and other servers have no host for a bucket.
        config["virtual_hosted_style_request"] = not endpoint and "." not in self.bucket
        return S3Store(
            config=config,
            credential_provider=self._credentials,  # type: ignore[arg-type]
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
                "read_timeout": timedelta(seconds=self._silent),
                "timeout": timedelta(seconds=seconds),
            },
            retry_config={
                "max_retries": self._attempts - 1,
                "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
                "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=5), "base": 2},
            },
        )


def close_all() -> None:
    """Drop all connections and credentials, as after a snapshot was restored."""
    for each in list(_open_objects):
        each.close()


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""


def _options(start: int, end: int | None, etag: str, version: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if end is not None:
        options["range"] = (start, end)
    elif start:
        options["range"] = {"offset": start}
    if version:
        options["version"] = version
    elif etag:
        options["if_match"] = etag
    return options


def _describe(key: str, reading: Any) -> Description:
    meta = reading.meta
    return Description(key, meta["size"], meta["e_tag"] or "", meta["version"] or "", reading.attributes)


def _translated(error: BaseException, operation: str) -> ObjectsError:
    """Return the error for one of obstore's, whose text quotes S3's response."""
    text = str(error).partition("\n\nDebug source:")
    code, status = _CODE.search(text[0]), _STATUS.search(text[0])
    region, said = _REGION.search(text[0]), _MESSAGE.search(text[0])
    if _BARE_REDIRECT in text[2]:
        name = "PermanentRedirect"
    elif code or status:
        name = code[1] if code else _STATUSES.get(status[1], status[1]) if status else ""
    else:
        name = "ReadTimeoutError" if _TIMEOUT.search(text[2]) else "EndpointConnectionError"
    message = said[1] if said else " ".join(text[0].split())[:300]
    return ObjectsError(name, operation, message, region=region[1] if region else "", endpoint=_endpoint())


def _is_unanswered(error: ObjectsError) -> bool:
    """Return whether a request may have taken effect although it failed."""
    return error.code in NO_RESPONSE or error.code in _UNCERTAIN
