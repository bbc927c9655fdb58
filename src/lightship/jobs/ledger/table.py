"""The ledger's table: items are created and changed by conditional writes only.

Any write may be repeated, by a second worker or by a client that got no response: where a condition fails, the caller
reads the item and continues from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import items
from lightship.jobs.ledger.items import Attributes

# Seconds until an item expires, from when its ``expires`` is written.
RETENTION = 90 * 24 * 3600

# Items of a job that expire in fewer seconds belong to an earlier, expired job of the same id, and may be replaced.
FRESH = RETENTION / 2

_NEW = "attribute_not_exists(job) OR expires < :end"


class Key(NamedTuple):
    """Partition key and sort key of an item."""

    job: str
    item: str


@dataclass(frozen=True)
class Change:
    """A conditional change of an item.

    Attributes:
        values: new values by name.
        add: increments of numbers by name.
        states: states in which the item is changed; empty for any.
        when: another condition, in which ``:new_NAME`` is the new value of NAME.
    """

    values: Attributes
    add: Mapping[str, int] = field(default_factory=dict)
    states: tuple[str, ...] = ()
    when: str = ""

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of ``update_item``."""
        allowed = {f":state_{number}": str(state) for number, state in enumerate(self.states)}
        given = {f":new_{name}": value for name, value in self.values.items()}
        added = {f":add_{name}": value for name, value in self.add.items()}
        named = {*self.values, *self.add, *(["state"] if self.states else [])}
        conditions = [
            *([f"#state IN ({', '.join(allowed)})"] if self.states else []),
            *([self.when] if self.when else []),
        ]
        parameters = {
            "UpdateExpression": self._expression(),
            "ExpressionAttributeNames": {f"#{name}": name for name in sorted(named)},
            "ExpressionAttributeValues": items.to_item({**given, **allowed, **added}),
        }
        return parameters | ({"ConditionExpression": " AND ".join(conditions)} if conditions else {})

    def _expression(self) -> str:
        sets = ", ".join(f"#{name} = :new_{name}" for name in self.values)
        adds = ", ".join(f"#{name} :add_{name}" for name in self.add)
        return f"SET {sets} ADD {adds}" if adds else f"SET {sets}"


class Table:
    """The items of one DynamoDB table, and the clock by which they expire."""

    def __init__(self, cloud: Cloud) -> None:
        self._client = cloud.dynamodb
        self._name = cloud.table
        self.now = cloud.now

    def put(self, key: Key, values: Attributes, *, life: float = 0.0) -> bool:
        """Put an item unless one exists with more than ``life`` seconds until it expires.

        Returns whether it was put. The condition is needed because DynamoDB deletes expired items late.
        """
        entry = _key(key) | items.to_item({**values, "expires": self.expires()})
        end = items.to_item({":end": self.now() + life})
        parameters = {"Item": entry, "ConditionExpression": _NEW, "ExpressionAttributeValues": end}
        return self._write(self._client.put_item, parameters) is not None

    def update(self, key: Key, change: Change) -> dict[str, Any] | None:
        """Change an item and return it; None where the condition fails."""
        return self._write(
            self._client.update_item, {"Key": _key(key), "ReturnValues": "ALL_NEW", **change.parameters()}
        )

    def get(self, key: Key) -> dict[str, Any]:
        """Return an item's attributes; empty where there is no such item."""
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return items.to_attributes(answer.get("Item", {}))

    def list(self, job: str, prefix: str) -> Iterator[dict[str, Any]]:
        """Return a job's items whose sort keys have a prefix, in key order."""
        return self._query(
            KeyConditionExpression="job = :job AND begins_with(#item, :prefix)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues=items.to_item({":job": job, ":prefix": prefix}),
            ConsistentRead=True,
        )

    def list_owned(self, owner: str, limit: int) -> Iterator[dict[str, Any]]:
        """Return an owner's items that have not expired, newest first.

        The index is eventually consistent.
        """
        found = self._query(
            IndexName="owner",
            KeyConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues=items.to_item({":owner": owner}),
            ScanIndexForward=False,
            Limit=limit,
        )
        return islice((item for item in found if item["expires"] > self.now()), limit)

    def expires(self) -> int:
        """Return when an item that is written now expires."""
        return int(self.now()) + RETENTION

    def _query(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator("query").paginate(TableName=self._name, **parameters):
            yield from map(items.to_attributes, page["Items"])

    def _write(self, write: Callable[..., Any], parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            answer = write(TableName=self._name, **parameters)
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return items.to_attributes(answer.get("Attributes", {}))


def _key(key: Key) -> dict[str, dict[str, str]]:
    return items.to_item(key._asdict())
