"""S3 as jobs use it: objects by obstore, and by boto3 what obstore cannot do."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from lightship import aws
from lightship.aws.boto_objects import BotoObjects, needs_boto3
from lightship.aws.objects import Objects


class Storage:
    """Clients of S3, each made when it is first used.

    ``attempts`` is as in :func:`lightship.aws.client`.
    """

    def __init__(self, *, attempts: int = 6) -> None:
        self._attempts = attempts
        self._buckets: dict[str, Objects] = {}

    def bucket(self, name: str) -> Objects:
        """Return the objects of a bucket, for keys of our own."""
        return self._buckets.setdefault(name, Objects(name, attempts=self._attempts))

    def holder(self, bucket: str, key: str) -> Objects | BotoObjects:
        """Return the objects of a bucket for a key that a client chose."""
        return self.by_boto3(bucket) if needs_boto3(key) else self.bucket(bucket)

    def by_boto3(self, bucket: str) -> BotoObjects:
        """Return the objects of a bucket for listings of what clients uploaded."""
        return BotoObjects(bucket, self.client)

    @cached_property
    def client(self) -> Any:
        """boto3's client, for presigned URLs and multipart uploads."""
        return aws.client("s3", attempts=self._attempts)

    def close(self) -> None:
        """Close all connections."""
        for each in self._buckets.values():
            each.close()
        if client := self.__dict__.pop("client", None):
            client.close()
