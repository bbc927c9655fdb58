from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lightship.compiler.sources.keras.files import hdf5_tree
from lightship.errors import SourceRefused


def link_out(file: Any) -> None:
    file["a/b"] = h5py.ExternalLink("/etc/passwd", "/x")


def link_within(file: Any) -> None:
    file["soft"] = h5py.SoftLink("/a")


def store_elsewhere(file: Any) -> None:
    file.create_dataset("away", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def be_virtual(file: Any) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
    file.create_virtual_dataset("virtual", layout)


def declare_much(file: Any) -> None:
    file.create_dataset("huge", (10**6, 10**6), "f4", chunks=(1000, 1000))


def compress_nothing(file: Any) -> None:
    file.create_dataset("huge", (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (link_out, "'/a/b'.*'/etc/passwd'"),
        (link_within, "'/soft'"),
        (store_elsewhere, "'/away'.*'/etc/passwd'"),
        (be_virtual, "'/virtual'"),
        (declare_much, "'/huge'.* 4000000000000 .* 0 "),
        (compress_nothing, "'/huge'.* 4000000000000 "),
    ],
)
def test_files_that_reach_out_or_lie_are_refused(tmp_path: Path, spoil: Callable[[Any], None], named: str) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["a/x"] = np.ones(10)
        spoil(file)
    with pytest.raises(SourceRefused, match=f"m.h5.*{named}"):
        hdf5_tree.check_tree(path, "m.h5")


def test_plain_files_pass_circles_and_all(tmp_path: Path) -> None:
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


def test_too_many_objects_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for number in range(11):
            file.create_group(str(number))
    with pytest.raises(SourceRefused, match="m.h5.* 10 objects"):
        hdf5_tree.check_tree(tmp_path / "m.h5", "m.h5", max_objects=10)
