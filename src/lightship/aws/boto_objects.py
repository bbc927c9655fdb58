"""Objects of S3 by boto3, for what obstore cannot do.

obstore does not express every key, and refuses a listing in which there is such a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lightship.aws.errors import MISSING, ObjectsError, code, region
from lightship.aws.objects import BLOCK, Description, Reading

_BREAKS = 5
_CONTROL = re.compile(r"[\0-\x1f\x7f]")
_NO_SEGMENTS = frozenset({"", ".", ".."})


def needs_boto3(key: str) -> bool:
    """Return whether obstore would refuse a key or change it.

    It refuses control characters and segments that are empty or dots, and drops a slash at either end.
    """
    return bool(_CONTROL.search(key)) or not _NO_SEGMENTS.isdisjoint(key.split("/"))


class BotoObjects:
    """The objects of one bucket; see :class:`lightship.aws.objects.Objects`.

    ``client`` is boto3's of S3.
    """

    def __init__(self, bucket: str, client: Any) -> None:
        self.bucket = bucket
        self._client = client

    def head(self, key: str) -> Description | None:
        """See :meth:`lightship.aws.objects.Objects.head`."""
        answer = self._ask(self._client.head_object, Key=key)
        return None if answer is None else _describe(key, answer)

    def read(
        self, key: str, *, start: int = 0, end: int | None = None, etag: str = "", version: str = ""
    ) -> Reading | None:
        """See :meth:`lightship.aws.objects.Objects.read`."""
        answer = self._get(key, start, end, etag, version)
        if answer is None:
            return None
        description = _describe(key, answer)
        return Reading(description, self._blocks(answer["Body"], description, start, end))

    def list(self, prefix: str) -> Iterator[Description]:
        """Return the objects whose keys begin with a prefix, in key order."""
        more: dict[str, str] = {}
        while True:
            page = self._ask(self._client.list_objects_v2, Prefix=prefix, **more) or {}
            for entry in page.get("Contents", []):
                yield Description(entry["Key"], entry["Size"], entry["ETag"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _get(self, key: str, start: int, end: int | None, etag: str, version: str) -> Any:
        pinned = {"VersionId": version} if version else {"IfMatch": etag} if etag else {}
        span = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
        return self._ask(self._client.get_object, Key=key, **pinned, **span)

    def _blocks(self, body: Any, description: Description, start: int, end: int | None) -> Iterator[bytes]:
        """Return the content, asking again for the rest where a connection broke."""
        key, etag, version = description.key, description.etag, description.version
        for breaks in range(_BREAKS + 1):
            try:
                while block := body.read(BLOCK):
                    start += len(block)
                    yield block
            except _broken() as error:
                if breaks == _BREAKS:
                    raise _translated(error) from None
            else:
                return
            finally:
                body.close()
            if end is not None and start >= end:
                return
            answer = self._get(key, start, end, etag, version)
            if answer is None:
                raise ObjectsError("NoSuchKey", "GetObject", "the object was deleted while it was read")
            body = answer["Body"]

    def _ask(self, call: Callable[..., Any], **parameters: Any) -> Any:
        """Return the answer to a call; None where the object does not exist.

        Raises ObjectsError.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call(Bucket=self.bucket, **parameters)
        except (ClientError, BotoCoreError) as error:
            if code(error) in MISSING:
                return None
            raise _translated(error) from None


def _translated(error: Any) -> ObjectsError:
    """Return the error for one of botocore's."""
    address = (getattr(error, "kwargs", None) or {}).get("endpoint_url") or ""
    operation = getattr(error, "operation_name", "")
    return ObjectsError(code(error), operation, str(error), region=region(error), endpoint=str(address))


def _describe(key: str, answer: dict[str, Any]) -> Description:
    _, _, total = answer.get("ContentRange", "").rpartition("/")
    size = int(total or answer["ContentLength"])
    return Description(key, size, answer["ETag"], answer.get("VersionId", ""), answer.get("Metadata", {}))


def _broken() -> tuple[type[Exception], ...]:
    """Return the exceptions that a connection broken within a body raises."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError

    return (HTTPClientError, IncompleteReadError, ResponseStreamingError, ConnectionError, TimeoutError)
