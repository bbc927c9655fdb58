"""Order in which a round measures the stacks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def shuffled(items: Sequence[T], round_number: int) -> list[T]:
    """Return the items in an order of the round's own, the same in every run.

    In a fixed order, each stack would always follow the same one, and find the machine as that left it.
    """
    return random.Random(round_number).sample(items, len(items))  # noqa: S311 - no secret
