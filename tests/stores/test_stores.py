"""Registry on each store: a folder, and S3 emulated by moto."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from lightship.calls import Call
from lightship.errors import BundleError, NotFound, ReadOnlyRegistry, RegistryError
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.settings import CacheSettings
from lightship.stores.folder import FolderStore
from lightship.stores.s3 import S3Store
from tests.bundles import Registries, republish


@pytest.fixture(params=["folder", "s3"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    if request.param == "folder":
        return Registry(str(tmp_path / "models"))
    return Registry(f"s3://{request.getfixturevalue('bucket')}/some/prefix", cache=CacheSettings.from_environment())


@pytest.fixture
def bundle(registries: Registries) -> Path:
    return registries.small / "modes" / "1"


def test_publish_versions_can_be_opened(registry: Registry, bundle: Path) -> None:
    assert [republish(registry, bundle, "modes") for _ in range(2)] == [1, 2]
    assert registry.models() == ["modes"]
    assert registry.versions("modes") == [1, 2]
    model = Model.load(registry.open("modes", 1))
    inputs, outputs = model.golden()
    assert model.predict(Call(inputs)).outputs["y"].tolist() == outputs["y"].tolist()
    with pytest.raises(NotFound, match="version 3"):
        registry.open("modes", 3)
    with pytest.raises(NotFound, match="modes"):
        registry.open("unknown")


def test_publish_concurrently_gives_distinct_numbers(registry: Registry, bundle: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: republish(registry, bundle, "modes"), range(6)))
    assert sorted(numbers) == registry.versions("modes") == [1, 2, 3, 4, 5, 6]


def test_change_concurrently_keeps_all_changes(registry: Registry, bundle: Path) -> None:
    republish(registry, bundle, "modes")

    def label(number: int) -> None:
        def change(state: State) -> State:
            return state.reroute(replace(state.routing, labels={**state.routing.labels, f"label{number}": 1}))

        registry.change("modes", change)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(label, range(8)))
    assert len(registry.state("modes").routing.labels) == 8


def test_state_changed_detects_changes_only(registry: Registry, bundle: Path) -> None:
    republish(registry, bundle, "modes")
    _, etag = registry.read_state("modes")
    assert not registry.state_changed("modes", etag)
    republish(registry, bundle, "modes")
    assert registry.state_changed("modes", etag)


def test_publish_after_killed_publisher_takes_next_number(bucket: str, bundle: Path) -> None:
    store = S3Store(bucket, cache=CacheSettings.from_environment())
    assert store.write("modes/1/.claim", b"other publisher", if_match=None)
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    assert registry.models() == []
    assert republish(registry, bundle, "modes") == 2
    assert registry.versions("modes") == [2]


def test_publish_never_overwrites_existing_file(bucket: str, bundle: Path) -> None:
    store = S3Store(bucket, cache=CacheSettings.from_environment())
    assert store.write("model/1/model.tflite", b"another", if_match=None)
    with pytest.raises(RegistryError):
        store.publish(bundle, "model/1")
    found = store.read("model/1/model.tflite")
    assert found is not None
    assert found[0] == b"another"
    assert store.read("model/1/manifest.json") is None


def test_publish_accepts_file_from_own_lost_request(bucket: str, bundle: Path) -> None:
    store = S3Store(bucket, cache=CacheSettings.from_environment())
    assert store.write("model/1/model.tflite", (bundle / "model.tflite").read_bytes(), if_match=None)
    assert store.publish(bundle, "model/1")
    assert store.read("model/1/manifest.json") is not None


def test_path_cache_stays_within_limit(bucket: str, registries: Registries, tmp_path: Path) -> None:
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    names = ("pair", "modes", "roots")
    for name in names:
        republish(registry, registries.small / name / "1", name)
    store = S3Store(bucket, cache=CacheSettings(tmp_path / "small", 8000))
    paths = [Path(store.path(f"{name}/1")) for name in names]  # plain paths, which do not keep the folders in the cache
    assert store.path("roots/1") == paths[2]
    assert paths[2].is_dir()
    assert not paths[0].is_dir()
    assert sum(file.stat().st_size for file in (tmp_path / "small").rglob("*") if file.is_file()) <= 8000
    assert not list((tmp_path / "small").glob(".half-*"))


def test_open_tampered_object_is_refused(bucket: str, bundle: Path) -> None:
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    republish(registry, bundle, "modes")
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="modes/1/model.tflite", Body=b"evil")
    client.close()
    with pytest.raises(BundleError, match=r"model\.tflite"):
        registry.open("modes")


def test_open_corrupt_cached_file_is_downloaded_again(bucket: str, bundle: Path, tmp_path: Path) -> None:
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    republish(registry, bundle, "modes")
    digest = registry.open("modes").digest
    (cached,) = (tmp_path / "cache").glob("*/model.tflite")
    whole = cached.read_bytes()
    for damage in (whole[:100], whole[:-1] + b"x", b""):
        cached.write_bytes(damage)
        assert registry.open("modes").digest == digest
        assert cached.read_bytes() == whole
    cached.unlink()
    assert registry.open("modes").digest == digest


def test_open_object_repaired_in_s3_replaces_corrupt_cache(bucket: str, bundle: Path) -> None:
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    republish(registry, bundle, "modes")
    client, target = boto3.client("s3"), {"Bucket": bucket, "Key": "modes/1/model.tflite"}
    client.put_object(**target, Body=b"evil")
    for _ in range(2):
        with pytest.raises(BundleError, match=r"modes/1/model\.tflite"):
            registry.open("modes")
    client.put_object(**target, Body=(bundle / "model.tflite").read_bytes())
    client.close()
    assert Model.load(registry.open("modes")).golden()


def test_models_missing_bucket_is_named(bucket: str) -> None:
    with pytest.raises(RegistryError, match="NoSuchBucket"):
        Registry("s3://nowhere-at-all").models()
    with pytest.raises(RegistryError, match="s3://"):
        Registry("s3://")


def link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, outside: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("key", ["modes/measurements/1.json", "modes/1/report.json", "modes/state.json"])
@pytest.mark.parametrize("make", [link, pipe, folder])
def test_read_of_irregular_file_is_refused(tmp_path: Path, key: str, make: Callable[[Path, Path], None]) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"key": "value"}')
    path = tmp_path / "models" / key
    path.parent.mkdir(parents=True)
    make(path, secret)
    with pytest.raises(RegistryError, match=key):
        FolderStore(tmp_path / "models").read(key)


def test_link_to_folder_outside_registry_is_refused(registry_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "1.json").write_text('{"key": "value"}')
    (registry_folder / "modes" / "measurements").symlink_to(tmp_path / "outside")
    (registry_folder / "linked").symlink_to(tmp_path / "outside")
    registry = Registry(str(registry_folder))
    for refused in (
        lambda: registry.measurements("modes", 1),
        lambda: registry.write_measurements("modes", 1, {}),
        lambda: registry.path("linked", 1),
        lambda: registry.state("linked"),
    ):
        with pytest.raises(RegistryError, match=r"modes/measurements|linked"):
            refused()
    assert registry.models() == ["modes"]
    assert (tmp_path / "outside" / "1.json").read_text() == '{"key": "value"}'


def test_write_does_not_follow_links(registry_folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("content")
    for name in (".1.json.lock", ".1.json.half"):
        path = registry_folder / "modes" / "measurements" / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(secret)
        with pytest.raises(RegistryError, match=r"1\.json"):
            Registry(str(registry_folder)).write_measurements("modes", 1, {})
        path.unlink()
    assert secret.read_text() == "content"


def test_registry_behind_link_is_read_and_written(registry_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(registry_folder)
    registry = Registry(str(tmp_path / "link"))
    assert registry.models() == ["modes"]
    registry.write_measurements("modes", 1, {"compiled": "today"})
    assert registry.measurements("modes", 1) == {"compiled": "today"}
    assert registry.open("modes").path == tmp_path / "link" / "modes" / "1"


@pytest.fixture
def registry_folder(bundle: Path, tmp_path: Path) -> Path:
    republish(Registry(str(tmp_path / "models")), bundle, "modes")
    return tmp_path / "models"


def test_sizes_are_those_of_files(registry: Registry, bundle: Path) -> None:
    republish(registry, bundle, "modes")
    sizes = registry.sizes("modes", 1)
    files = [file for file in bundle.rglob("*") if file.is_file()]
    assert {file.relative_to(bundle).as_posix(): file.stat().st_size for file in files}.items() <= sizes.items()


def test_write_to_read_only_folder_names_key_without_local_path() -> None:
    with pytest.raises(ReadOnlyRegistry, match=r"m/state\.json") as raised:
        FolderStore(Path("/sys/kernel")).write("m/state.json", b"{}", if_match=None)
    assert "/sys" not in raised.value.message
