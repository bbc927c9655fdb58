from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lightship.compiler.sources.keras.files import hdf5_tree
from lightship.errors import SourceRefused


def external_link(file: Any) -> None:
    file["a/b"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file: Any) -> None:
    file["soft"] = h5py.SoftLink("/a")


def external_storage(file: Any) -> None:
    file.create_dataset("away", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def virtual_dataset(file: Any) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
    file.create_virtual_dataset("virtual", layout)


def oversized_dataset(file: Any) -> None:
    file.create_dataset("huge", (10**6, 10**6), "f4", chunks=(1000, 1000))


def oversized_compressed_dataset(file: Any) -> None:
    file.create_dataset("huge", (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (external_link, "'/a/b'.*'/etc/passwd'"),
        (soft_link, "'/soft'"),
        (external_storage, "'/away'.*'/etc/passwd'"),
        (virtual_dataset, "'/virtual'"),
        (oversized_dataset, "'/huge'.* 4000000000000 .* 0 "),
        (oversized_compressed_dataset, "'/huge'.* 4000000000000 "),
    ],
)
def test_check_tree_external_or_oversized_dataset_is_refused(
    tmp_path: Path, spoil: Callable[[Any], None], named: str
) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["a/x"] = np.ones(10)
        spoil(file)
    with pytest.raises(SourceRefused, match=f"m.h5.*{named}"):
        hdf5_tree.check_tree(path, "m.h5")


def test_check_tree_plain_file_with_cycle_passes(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["a/x"] = np.ones(10)
        file["a/packed"] = np.ones(10)
        file.create_dataset("packed", data=np.zeros(1000), compression="gzip")
        file.create_dataset("names", data=[b"one", b"two"])
        file.create_dataset("empty", (0,), "f4")
        file["a/root"] = file["/"]
        file.attrs["model_config"] = "{}"
    hdf5_tree.check_tree(path, "m.h5")
    assert hdf5_tree.attribute(path, "m.h5", "model_config") == "{}"
    assert hdf5_tree.attribute(path, "m.h5", "nothing") is None


def test_check_tree_too_many_objects_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for number in range(11):
            file.create_group(str(number))
    with pytest.raises(SourceRefused, match="m.h5.* 10 objects"):
        hdf5_tree.check_tree(tmp_path / "m.h5", "m.h5", max_objects=10)
