from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lightship.errors import NotFound, RegistryError
from lightship.registry.registry import Registry
from tests.bundles import Registries, republish


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(str(tmp_path / "models"))


def publish(registry: Registry, registries: Registries, name: str = "pair") -> int:
    return republish(registry, registries.small / "pair" / "1", name)


def test_publish_counts_versions_from_one_and_newest_is_default(registry: Registry, registries: Registries) -> None:
    assert [publish(registry, registries) for _ in range(3)] == [1, 2, 3]
    assert registry.models() == ["pair"]
    assert registry.versions("pair") == [1, 2, 3]
    assert registry.resolve("pair") == 3
    assert registry.open("pair", 2).path.name == "2"


def test_measurements_are_beside_bundle_and_replaced(registry: Registry, registries: Registries) -> None:
    publish(registry, registries)
    assert registry.measurements("pair", 1) == {}
    registry.write_measurements("pair", 1, {"compiled": "yesterday"})
    registry.write_measurements("pair", 1, {"compiled": "today"})
    assert registry.measurements("pair", 1) == {"compiled": "today"}
    assert registry.open("pair", 1).path.is_dir()
    assert publish(registry, registries) == 2


def test_publish_concurrently_gives_distinct_numbers(registry: Registry, registries: Registries) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: publish(registry, registries), range(16)))
    assert sorted(numbers) == list(range(1, 17))


def test_publish_killed_leaves_no_version(registry: Registry, registries: Registries) -> None:
    code = """
import os, shutil, signal, sys
from lightship.registry.registry import Registry
with Registry(sys.argv[1]).staging() as staged:
    shutil.copytree(sys.argv[2], staged, dirs_exist_ok=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    bundle = str(registries.small / "pair" / "1")
    run = subprocess.run(
        [sys.executable, "-c", code, registry.location, bundle], env={"PYTHONPATH": "src"}, check=False
    )
    assert run.returncode == -9
    assert registry.models() == []
    assert publish(registry, registries) == 1


def test_staging_removes_abandoned_folders_after_one_day(registry: Registry, registries: Registries) -> None:
    old, new = (Path(registry.location) / name for name in (".staging-old", ".staging-new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    publish(registry, registries)
    assert not old.exists()
    assert new.exists()


def test_resolve_unknown_name_or_version_lists_existing(registry: Registry, registries: Registries) -> None:
    with pytest.raises(NotFound, match="'pair'"):
        registry.resolve("pair")
    publish(registry, registries)
    with pytest.raises(NotFound, match="'pear'.*pair"):
        registry.resolve("pear")
    with pytest.raises(NotFound, match="'pair'.*version 2.* 1"):
        registry.resolve("pair", 2)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../up", "-x", "a b", "x" * 65, "a\n"])
def test_publish_invalid_name_is_refused(registry: Registry, registries: Registries, name: str) -> None:
    with pytest.raises(RegistryError, match=re.escape(repr(name))):
        publish(registry, registries, name)
    with pytest.raises(NotFound):
        registry.resolve(name)


def test_publish_to_unwritable_registry_is_refused(tmp_path: Path, registries: Registries) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RegistryError, match=str(tmp_path / "file")):
        publish(Registry(str(tmp_path / "file" / "models")), registries)
    with pytest.raises(RegistryError, match="'ftp://somewhere'"):
        Registry("ftp://somewhere")
