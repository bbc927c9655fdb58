"""Registry on each store: a folder, and S3 emulated by moto."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import boto3
import orjson
import pytest
from click.testing import CliRunner

from lightship import documents
from lightship.calls import Call
from lightship.cli import lightship
from lightship.errors import BundleError, NotFound, ReadOnlyRegistry, RegistryError, StateError, UnreadableFile
from lightship.model import Model
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.settings import CacheSettings
from lightship.stores.folder import FolderStore
from lightship.stores.s3 import S3Store
from tests.bundles import Registries, republish
from tests.serve import Answers


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
    sizes = [sum(file.stat().st_size for file in registry.path(name, 1).iterdir()) for name in names]
    limit = sum(sizes) - 1
    store = S3Store(bucket, cache=CacheSettings(tmp_path / "small", limit))
    paths = [Path(store.path(f"{name}/1")) for name in names]  # plain paths, which do not keep the folders in the cache
    assert store.path("roots/1") == paths[2]
    assert paths[2].is_dir()
    assert not paths[0].is_dir()
    assert sum(file.stat().st_size for file in (tmp_path / "small").rglob("*") if file.is_file()) <= limit
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


@pytest.mark.parametrize("make", [link, pipe, folder])
def test_open_bundle_with_irregular_manifest_is_refused(
    registry_folder: Path, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    manifest = registry_folder / "modes" / "1" / "manifest.json"
    manifest.rename(tmp_path / "manifest.json")
    make(manifest, tmp_path / "manifest.json")
    with pytest.raises(BundleError, match=r"modes/1 .*manifest\.json"):
        Registry(str(registry_folder)).open("modes", 1)


@pytest.mark.parametrize("make", [link, pipe, folder])
def test_models_with_irregular_state_are_listed_and_others_served(
    registry_folder: Path, bundle: Path, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    registry = Registry(str(registry_folder))
    republish(registry, bundle, "broken")
    state = registry_folder / "broken" / "state.json"
    state.rename(tmp_path / "state.json")
    make(state, tmp_path / "state.json")
    _assert_only_broken_fails(registry)
    result = CliRunner(mix_stderr=False).invoke(lightship, ["models", "--json", "--registry", str(registry_folder)])
    assert result.exit_code == 0, result.output
    assert {entry["name"]: "error" in entry for entry in json.loads(result.stdout)} == {"broken": True, "modes": False}


def test_models_with_oversized_state_in_bucket_are_listed_and_others_served(bucket: str, bundle: Path) -> None:
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    for name in ("modes", "broken"):
        republish(registry, bundle, name)
    _put(bucket, "broken/state.json", documents.STATE + 1)
    _assert_only_broken_fails(registry)


def _assert_only_broken_fails(registry: Registry) -> None:
    assert registry.models() == ["broken", "modes"]
    with pytest.raises(StateError, match=r"broken/state\.json"):
        registry.state("broken")
    answers = Answers(registry)
    models = answers.answer(Request("GET", "/models", caller="me"))
    found = {entry["name"]: entry for entry in orjson.loads(models.body)["models"]}
    assert "broken/state.json" in found["broken"]["error"]
    assert not found["modes"].get("error")
    assert answers.answer(Request("GET", "/health/ready")).status == 200
    body = b'{"input": [[1, 2]]}'
    assert answers.answer(Request("POST", "/models/modes/predict", body=body, caller="me")).status == 200
    assert answers.answer(Request("POST", "/models/broken/predict", body=body, caller="me")).status == 503


LIMITS = {
    "modes/state.json": documents.STATE,
    "modes/1/manifest.json": documents.MANIFEST,
    "modes/1/report.json": documents.REPORT,
    "modes/measurements/1.json": documents.MEASUREMENTS,
}


@pytest.mark.parametrize("key", LIMITS)
def test_read_beyond_limit_of_document_is_refused(bucket: str, tmp_path: Path, key: str) -> None:
    path = tmp_path / "models" / key
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(LIMITS[key] + 1))
    _put(bucket, key, LIMITS[key] + 1)
    stores = FolderStore(tmp_path / "models"), S3Store(bucket, cache=CacheSettings.from_environment())
    digest = hashlib.sha256(bytes(LIMITS[key] + 1)).hexdigest()
    for store in stores:
        for read in (store.read, lambda key, store=store: store.file(key, digest)):
            with pytest.raises(UnreadableFile, match=f"{key} .*{LIMITS[key] + 1:,}.*{LIMITS[key]:,}"):
                read(key)


@pytest.mark.parametrize("key", LIMITS)
def test_read_of_document_at_limit_is_whole(bucket: str, tmp_path: Path, key: str) -> None:
    path = tmp_path / "models" / key
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(LIMITS[key]))
    _put(bucket, key, LIMITS[key])
    for store in (FolderStore(tmp_path / "models"), S3Store(bucket, cache=CacheSettings.from_environment())):
        found = store.read(key)
        assert found is not None
        assert len(found[0]) == LIMITS[key]


def test_push_leaves_out_oversized_measurements(registry_folder: Path, bucket: str) -> None:
    measurements = registry_folder / "modes" / "measurements" / "1.json"
    measurements.parent.mkdir(exist_ok=True)
    measurements.write_bytes(bytes(documents.MEASUREMENTS + 1))
    words = ["push", "modes", f"s3://{bucket}", "--registry", str(registry_folder)]
    result = CliRunner(mix_stderr=False).invoke(lightship, words)
    assert result.exit_code == 0, result.output
    assert "modes/measurements/1.json" in result.stderr
    pushed = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    assert pushed.versions("modes") == [1]
    assert pushed.measurements("modes", 1) == {}


def test_pull_of_oversized_manifest_is_refused_in_one_sentence(bucket: str, bundle: Path, tmp_path: Path) -> None:
    republish(Registry(f"s3://{bucket}"), bundle, "modes")
    _put(bucket, "modes/1/manifest.json", documents.MANIFEST + 1)
    words = ["pull", "modes", f"s3://{bucket}", "--registry", str(tmp_path / "own")]
    result = CliRunner(mix_stderr=False).invoke(lightship, words)
    assert result.exit_code == 2
    assert "modes/1/manifest.json" in result.stderr
    assert "Traceback" not in result.output
    assert Registry(str(tmp_path / "own")).models() == []


def _put(bucket: str, key: str, size: int) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key=key, Body=bytes(size))
    client.close()


def test_sizes_are_those_of_files(registry: Registry, bundle: Path) -> None:
    republish(registry, bundle, "modes")
    sizes = registry.sizes("modes", 1)
    files = [file for file in bundle.rglob("*") if file.is_file()]
    assert {file.relative_to(bundle).as_posix(): file.stat().st_size for file in files}.items() <= sizes.items()


def test_write_to_read_only_folder_names_key_without_local_path() -> None:
    with pytest.raises(ReadOnlyRegistry, match=r"m/state\.json") as raised:
        FolderStore(Path("/sys/kernel")).write("m/state.json", b"{}", if_match=None)
    assert "/sys" not in raised.value.message
