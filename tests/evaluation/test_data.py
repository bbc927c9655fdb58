"""Blocks of data files: the same rows and cells for each kind of file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.evaluation.data import digest, open_data
from lightship.evaluation.data.base import ROWS
from lightship.tensors import Signature, TensorSpec
from tests.evaluation import datasets

KIND = {"type": "tabular", "columns": list(datasets.COLUMNS)}
SIGNATURE = Signature("s", (TensorSpec("features", "float32", (None, 3), KIND),), ())


def cells(path: Path, column: str) -> list[object]:
    return [cell for block in open_data(path, SIGNATURE).blocks() for cell in block.cells(column)]


@pytest.mark.parametrize("suffix", datasets.WRITERS)
def test_blocks_hold_each_row_once(tmp_path: Path, suffix: str) -> None:
    path = datasets.WRITERS[suffix](tmp_path / f"data.{suffix}")
    values, _, sites = datasets.breast_cancer()
    data = open_data(path, SIGNATURE)
    inputs, first = [], 1
    for block in data.blocks():
        assert block.first == first
        first += block.rows
        inputs += [batch.inputs["features"] for batch in block.prepare().batches]
    assert block.done == 1.0
    np.testing.assert_array_equal(np.concatenate(inputs), values.astype(np.float32))
    assert cells(path, "site") == sites
    assert cells(path, "nothing") == [None] * len(sites)


def test_blocks_of_long_files_are_bounded(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", features=np.zeros((3 * ROWS + 1, 3), np.float32), y=np.arange(3 * ROWS + 1))
    blocks = list(open_data(tmp_path / "data.npz", SIGNATURE).blocks(["y"]))
    assert [block.rows for block in blocks] == [ROWS, ROWS, ROWS, 1]
    assert blocks[3].cells("y") == [3 * ROWS]


def test_csv_quoted_line_ends_and_empty_lines_keep_row_numbers(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text('mean radius,mean texture,mean concavity,note\n1,2,3,"a\nb"\n\n4,5,6,c\n')
    (block,) = open_data(tmp_path / "data.csv", SIGNATURE).blocks()
    assert (block.rows, list(block.cells("note"))) == (2, ["a\nb", "c"])
    assert block.place(1) == "data.csv, row 2"


def test_arrays_of_other_lengths_are_refused_as_targets(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", features=np.zeros((4, 3), np.float32), y=np.arange(5))
    with pytest.raises(InvalidInput, match="'y' has 5"):
        list(open_data(tmp_path / "data.npz", SIGNATURE).blocks(["y"]))


def test_digest_of_folder_depends_on_names_and_contents(tmp_path: Path) -> None:
    signature = Signature("s", (TensorSpec("image", "float32", (None, 8, 8), {"type": "image", "mode": "L"}),), ())
    images = datasets.write_images(tmp_path / "images", rows=5)
    first = digest(open_data(images, signature))
    assert digest(open_data(images, signature)) == first
    (images / "0").rename(images / "9")
    assert digest(open_data(images, signature)) != first


def test_folder_without_images_and_model_without_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images" / "a").mkdir(parents=True)
    signature = Signature("s", (TensorSpec("image", "float32", (None, 8, 8), {"type": "image", "mode": "L"}),), ())
    with pytest.raises(InvalidInput, match="images: no images by class"):
        open_data(tmp_path / "images", signature)
    with pytest.raises(InvalidInput, match="takes no images"):
        open_data(tmp_path / "images", SIGNATURE)
