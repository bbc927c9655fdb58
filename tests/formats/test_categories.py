"""Columns of text that repeat few texts."""

from __future__ import annotations

import numpy as np

from lightship.formats.categories import Categories

COLUMN = Categories(np.array([1, 0, 1]), ("no", "yes"))


def test_categories_are_sequence_of_texts() -> None:
    assert list(COLUMN) == ["yes", "no", "yes"]
    assert (len(COLUMN), COLUMN[0], COLUMN[-2], list(COLUMN[1:])) == (3, "yes", "no", ["no", "yes"])
    assert "no" in COLUMN


def test_categories_concatenate_keeps_order() -> None:
    assert list(Categories.concatenate([COLUMN, COLUMN[:1], COLUMN[:0]])) == ["yes", "no", "yes", "yes"]
