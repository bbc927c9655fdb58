"""The index of a registry: the state of every model in one small file.

``index.json`` answers questions about all models with one conditional request. It repeats each ``state.json``, without
its history, and what catalogues show of the default version. A model is *pending* from before its state changes until
the index has the new one: its state must be read from its own file, as that of a model without an entry.

``pending`` holds a token of each change. A change that was interrupted leaves its token: the answers stay correct, and
the next change of the model removes it (:mod:`lightship.registry.index_file`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from lightship.documents import INDEX
from lightship.registry.state import State

_SCHEMA = 1

# The largest entry of a model, in bytes: a larger one is left out, so that its own file is read.
_LARGEST = 64 * 1024

_ERRORS = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


class IndexedModel(NamedTuple):
    """A model in the index.

    Attributes:
        state: its state, without history.
        etag: of the ``state.json`` that was read.
        overview: of the default version, as JSON (:class:`lightship.overview.Overview`); None where it could not be
            read.
    """

    state: State
    etag: str
    overview: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``index.json``."""
        routing = self.state.routing
        return {
            "etag": self.etag,
            "versions": list(self.state.versions),
            "withdrawn": sorted(self.state.withdrawn),
            "routing": {
                "labels": dict(routing.labels),
                "traffic": dict(routing.traffic),
                "shadows": dict(routing.shadows),
            },
            "default": self.overview,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> IndexedModel:
        """Read what :meth:`to_json` returned; raises as :meth:`State.from_json`."""
        overview = record["default"]
        if overview is not None and not isinstance(overview, dict):
            raise TypeError("default is not an object")
        return cls(State.from_json({**record, "history": []}), str(record["etag"]), overview)


class Index(NamedTuple):
    """The index as it was read.

    Attributes:
        etag: of ``index.json``; None where it does not exist.
        entries: by model, as JSON.
        pending: tokens of the running changes, by model.
        error: why the file cannot be used; it is empty then.
    """

    etag: str | None = None
    entries: Mapping[str, Any] = {}
    pending: Mapping[str, Collection[str]] = {}
    error: str = ""

    def models(self) -> dict[str, IndexedModel]:
        """Return the models that are not pending and whose entries are valid."""
        found: dict[str, IndexedModel] = {}
        for name, record in self.entries.items():
            if name not in self.pending:
                with suppress(*_ERRORS):
                    found[name] = IndexedModel.from_json(record)
        return found

    def marked(self, name: str, token: str) -> Index:
        """Return the index with a token of a change."""
        tokens = [*self.pending.get(name, ()), token]
        return Index(self.etag, self.entries, {**self.pending, name: tokens})

    def updated(self, name: str, indexed: IndexedModel | None, *, without: Collection[str] = ()) -> Index:
        """Return the index with another entry or none, and without some tokens."""
        entries = {each: record for each, record in self.entries.items() if each != name}
        pending = {each: tokens for each, tokens in self.pending.items() if each != name}
        if left := [token for token in self.pending.get(name, ()) if token not in without]:
            pending[name] = left
        if indexed is not None and (record := _entry(indexed)) is not None:
            entries[name] = record
        return Index(self.etag, entries, pending)

    def rebuilt(self, models: Mapping[str, IndexedModel], *, without: Mapping[str, Collection[str]]) -> Index:
        """Return the index of these models, without the tokens in ``without``."""
        index = Index(self.etag, {}, self.pending)
        for name, tokens in without.items():
            index = index.updated(name, None, without=tokens)
        entries = {name: record for name, indexed in models.items() if (record := _entry(indexed)) is not None}
        return Index(self.etag, entries, index.pending)

    def to_bytes(self) -> bytes:
        """Return JSON, without entries where it would be beyond the limit."""
        data = _to_bytes({"schema": _SCHEMA, "pending": self.pending, "models": self.entries})
        return data if len(data) <= INDEX or not self.entries else Index(self.etag, {}, self.pending).to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes, etag: str) -> Index:
        """Read what :meth:`to_bytes` returned; else return an index with an error."""
        try:
            record = json.loads(data)
            if record["schema"] != _SCHEMA:
                raise ValueError(f"schema {record['schema']!r}, expected {_SCHEMA}")
            pending = {name: _tokens(tokens) for name, tokens in record["pending"].items()}
            return cls(etag, dict(record["models"]), pending)
        except _ERRORS as error:
            return cls(etag, error=f"{type(error).__name__} {error}"[:200])


def _entry(indexed: IndexedModel) -> dict[str, Any] | None:
    """Return the entry of a model; None where it is too large."""
    record = indexed.to_json()
    return record if len(_to_bytes(record)) <= _LARGEST else None


def _tokens(tokens: Any) -> list[str]:
    if not isinstance(tokens, list):
        raise TypeError("tokens are not a list")
    return [str(token) for token in tokens]


def _to_bytes(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()
