"""The index of a registry in S3: its content, and the answers from it."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lightship import documents
from lightship.cli import lightship
from lightship.errors import LightshipError, NotFound, RegistryError, RoutingConflict
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.serving.registry_cache import RegistryCache
from lightship.stores.s3 import S3Store
from tests.bundles import Registries, republish
from tests.stores.indexes import KEY, Faulty, assert_index_is_state, counted, index_of, number, put

MALFORMED = {
    "empty": b"",
    "other JSON": b"[]",
    "other object": b"{}",
    "later schema": b'{"schema": 2, "pending": {}, "models": {}}',
    "pending of another type": b'{"schema": 1, "pending": {"modes": 1}, "models": {}}',
    "models of another type": b'{"schema": 1, "pending": {}, "models": [1]}',
    "entry of another type": b'{"schema": 1, "pending": {}, "models": {"modes": [], "\\ud800": {}}}',
    "huge number": b'{"schema": 1, "pending": {}, "models": {"modes": ' + b"9" * 5000 + b"}}",
    "deep": b"[" * 100_000,
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_index_is_not_used_and_replaced(
    registry: Registry, bundle: Path, store: S3Store, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    republish(registry, bundle, "modes")
    registry.change("modes", counted)
    put(store, content)
    with caplog.at_level(logging.WARNING):
        cache = RegistryCache(registry, 0)
        assert [number(cache.states()["modes"]) for _ in range(3)] == [1, 1, 1]
    logged = [record for record in caplog.records if KEY in record.getMessage()]
    assert len(logged) == (0 if b'{"modes": []' in content else 1)
    registry.change("modes", counted)
    assert_index_is_state(store, "modes")


def test_index_beyond_limit_is_not_read_and_changes_are_refused(
    registry: Registry, bundle: Path, store: S3Store
) -> None:
    republish(registry, bundle, "modes")
    put(store, bytes(documents.INDEX + 1))
    assert number(RegistryCache(registry, 0).states()["modes"]) == 0
    with pytest.raises(RegistryError, match=rf"{KEY} .*{documents.INDEX:,}"):
        registry.change("modes", counted)
    assert number(registry.state("modes")) == 0


def test_overview_of_another_type_is_read_from_manifest(registry: Registry, bundle: Path, store: S3Store) -> None:
    republish(registry, bundle, "modes")
    record = json.loads(index_of(store).to_bytes())
    record["models"]["modes"]["default"]["metrics"] = 3
    put(store, json.dumps(record).encode())
    cache = RegistryCache(registry, 0)
    assert cache.states()["modes"] == replace(registry.state("modes"), history=())
    assert cache.overview("modes", 1) is None


def test_state_changed_without_index_is_noticed_in_turn(registry: Registry, bundle: Path, store: S3Store) -> None:
    """Check writers that keep no index: Lightship 0.2.0, and copies by hand."""
    names = ("modes", "other", "third")
    for name in names:
        republish(registry, bundle, name)
    cache = RegistryCache(registry, 0)
    cache.states()
    stored = store.read("other/state.json")
    assert stored is not None
    assert store.write("other/state.json", counted(State.from_bytes(stored[0])).to_bytes(), if_match=stored[1])
    listed = [number(cache.states()["other"]) for _ in range(2 * len(names))]
    assert listed == sorted(listed)
    assert listed[len(names) :] == [1] * len(names)
    registry.index.rebuild(registry.names)
    assert_index_is_state(store, *names)


def test_model_published_without_index_is_listed_at_once(registry: Registry, bundle: Path, store: S3Store) -> None:
    republish(registry, bundle, "modes")
    cache = RegistryCache(registry, 0)
    before = index_of(store)
    republish(registry, bundle, "added")
    put(store, before.to_bytes())
    assert [*cache.states()] == registry.models() == ["added", "modes"]


def test_deleted_model_is_not_listed(registry: Registry, bundle: Path, store: S3Store) -> None:
    for name in ("modes", "gone"):
        republish(registry, bundle, name)
    index = index_of(store)
    put(store, index.updated("never", index.models()["gone"]).to_bytes())
    assert [*RegistryCache(registry, 0).states()] == registry.models() == ["gone", "modes"]
    with pytest.raises(NotFound, match="gone, modes"):
        registry.resolve("never")


def test_overview_after_label_and_withdrawal_is_of_default_version(
    registry: Registry, registries: Registries, store: S3Store
) -> None:
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "pair" / "1", "modes")
    digests = [registry.manifest("modes", version)[1] for version in (1, 2)]

    def shown() -> Any:
        return (index_of(store).models()["modes"].overview or {}).get("digest")

    assert shown() == digests[1]
    registry.change("modes", lambda state: state.reroute(state.routing.with_label("production", 1, name="modes")))
    assert shown() == digests[0]
    registry.change("modes", lambda state: state.withdraw(2))
    assert shown() == digests[0]


def test_refused_change_leaves_no_pending_model(registry: Registry, bundle: Path, store: S3Store) -> None:
    republish(registry, bundle, "modes")
    for refused in (lambda state: state.withdraw(9), lambda state: state.rollback(name="modes")):
        with pytest.raises((NotFound, RoutingConflict)):
            registry.change("modes", refused)
    assert_index_is_state(store, "modes")


def test_models_command_reads_no_model(
    registry: Registry, bundle: Path, faulty: Faulty, s3_registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("modes", "other", "third"):
        republish(registry, bundle, name)
    slow = CliRunner().invoke(lightship, ["models", "--json", "--registry", s3_registry])
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.endpoint)
    faulty.begin(lambda _: "")
    fast = CliRunner().invoke(lightship, ["models", "--json", "--registry", s3_registry])
    assert (fast.exit_code, fast.output) == (0, slow.output)
    assert faulty.requests == 2
    records = json.loads(fast.output)
    assert [record["name"] for record in records] == ["modes", "other", "third"]
    assert {record["digest"] for record in records} == {registry.open("modes").digest}


def test_folder_has_no_index(tmp_path: Path, bundle: Path) -> None:
    registry = Registry(str(tmp_path / "models"))
    republish(registry, bundle, "modes")
    registry.change("modes", counted)
    assert not list((tmp_path / "models").glob("*index*"))
    result = CliRunner().invoke(lightship, ["index", "--registry", str(tmp_path / "models")])
    assert (result.exit_code, "needs no index" in result.output) == (0, True)


def test_index_rebuilt_from_nothing_lists_models_with_valid_state(
    registry: Registry, bundle: Path, store: S3Store, s3_registry: str
) -> None:
    for name in ("modes", "broken", "other"):
        republish(registry, bundle, name)
    stored = store.read("broken/state.json")
    assert stored is not None
    assert store.write("broken/state.json", b"{}", if_match=stored[1])
    put(store, b"nothing")
    result = CliRunner().invoke(lightship, ["index", "--registry", s3_registry])
    assert (result.exit_code, "2 models" in result.output) == (0, True), result.output
    assert_index_is_state(store, "modes", "other")
    states = RegistryCache(registry, 0).states()
    assert isinstance(states["broken"], LightshipError)
