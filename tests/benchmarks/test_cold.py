"""Blocks and pages of the part cold."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks.cold import blocks, pages, part
from benchmarks.cold.blocks import File
from benchmarks.goals import comparisons

PAGE = pages.PAGE
BLOCK = blocks.BLOCK


def test_use_of_small_files_counts_shared_block_once() -> None:
    files = [File("a", 100, (0,)), File("a", 100, (0,)), File("b", 100, (0,))]
    used = blocks.use(files)
    assert (used[""].packed, used[""].apart, used[""].bytes, used[""].files) == (1, 3, 3 * PAGE, 3)
    assert (used["a"].packed, used["a"].apart) == (1, 2)
    assert used["b"].packed == 1


def test_use_of_unread_file_moves_next_file_to_another_block() -> None:
    used = blocks.use([File("a", PAGE, (0,)), File("large", BLOCK, ()), File("a", PAGE, (0,))])
    assert used["a"].packed == 2
    assert (used["large"].bytes, used["large"].packed, used["large"].files) == (0, 0, 0)


def test_use_of_one_file_counts_blocks_with_read_pages() -> None:
    last = 3 * BLOCK // PAGE - 1
    used = blocks.use([File("library", 3 * BLOCK, (0, 1, last))])
    assert (used["library"].packed, used["library"].apart) == (2, 2)


def test_files_of_layer_are_in_order_of_paths(tmp_path: Path) -> None:
    for name in ("b/c.py", "a.py", "b/a/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("a.py")
    found = [path.as_posix() for path in blocks.in_order(tmp_path)]
    assert found == ["a.py", "b/a/d.py", "b/c.py"]


@pytest.mark.skipif(sys.platform != "linux", reason="mincore is Linux's")
def test_resident_pages_follow_drop_and_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(8 * PAGE - 1))
    assert pages.resident(path) == list(range(8))
    pages.drop([path])
    if pages.resident(path):
        pytest.skip("this file system keeps files in memory")
    file = os.open(path, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)  # no read-ahead
    os.pread(file, 1, 5 * PAGE)
    os.close(file)
    assert pages.resident(path) == [5]


@pytest.mark.skipif(sys.platform != "linux", reason="mincore is Linux's")
def test_resident_file_of_0_bytes_has_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert pages.resident(path) == []


def test_tables_of_part_without_root_state_reason() -> None:
    (table,) = part.tables({"cold": {"not_measured": "only root may"}})
    assert "only root may" in table.rows[0][0]


def test_comparison_of_blocks_is_with_usual_way() -> None:
    images = {name: {"total": {"packed": number}} for name, number in {"lightship": 100, "usual": 900}.items()}
    (compared,) = comparisons({"cold": {"images": images}})
    assert (compared.ratio, compared.verdict) == (9.0, "aim of 30x missed")
    assert comparisons({"cold": {"not_measured": "only root may"}}) == []
