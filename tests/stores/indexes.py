"""The index of a registry in S3, as tests read and write it."""

from __future__ import annotations

from dataclasses import replace

from lightship import documents
from lightship.registry.index import Index
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.settings import CacheSettings
from lightship.stores.s3 import S3Store
from tests.jobs.faults.proxy import Proxy

KEY = documents.INDEX_KEY


def opened(location: str) -> Registry:
    return Registry(location, cache=CacheSettings.from_environment())


def counted(state: State) -> State:
    """Return the state with a higher number, kept as the fraction of a shadow."""
    return state.reroute(replace(state.routing, shadows={1: number(state) / 1000 + 0.001}))


def number(state: object) -> int:
    assert isinstance(state, State)
    return round(state.routing.shadows.get(1, 0) * 1000)


def index_of(store: S3Store) -> Index:
    stored = store.read(KEY)
    assert stored is not None
    return Index.from_bytes(*stored)


def assert_index_is_state(store: S3Store, *names: str) -> None:
    index = index_of(store)
    assert not index.pending
    for name in names:
        found, indexed = store.read(f"{name}/state.json"), index.models()[name]
        assert found is not None
        assert indexed.etag == found[1]
        assert indexed.state == replace(State.from_bytes(found[0]), history=())


def put(store: S3Store, content: bytes) -> None:
    """Write other content as the index."""
    stored = store.read(KEY)
    assert store.write(KEY, content, if_match=stored[1] if stored else None)


class Faulty(Proxy):
    """A proxy that interrupts a writer at a request, and lets it make no other one."""

    def stop(self, request: int, fault: str) -> None:
        self.begin(lambda number: "" if number < request else fault if number == request else "reset")
