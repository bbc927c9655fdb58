"""Statistics of features: what ordinary inputs of a model look like.

They can be merged, and memory does not grow with rows: quantiles are those of a sample of rows, which depends on the
numbers of the rows alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightship.evaluation import targets
from lightship.evaluation.scoring import Scored
from lightship.evaluation.slices import text
from lightship.inputs import kind_of, tables
from lightship.tensors import Array, Signature

# The most features; of a model with more there is no baseline.
MOST_FEATURES = 200

# Rows of the sample, and the quantiles that are taken from it.
SAMPLED = 4096
QUANTILES = tuple(index / 20 for index in range(21))

# Categories that are counted, and those that are listed.
_COUNTED = 1000
_LISTED = 50


@dataclass
class Numbers:
    """Statistics of columns of numbers; NaN is a missing value.

    ``rows``, ``mean``, ``spread`` (the sum of squared deviations from the mean), ``least``, ``most`` and ``missing``
    are [columns]; ``sample`` is [sampled rows, columns], with the ``order`` of each sampled row.
    """

    names: tuple[str, ...]
    rows: Array = field(init=False)
    mean: Array = field(init=False)
    spread: Array = field(init=False)
    least: Array = field(init=False)
    most: Array = field(init=False)
    missing: Array = field(init=False)
    sample: Array = field(init=False)
    order: Array = field(init=False)

    def __post_init__(self) -> None:
        self.rows, self.mean, self.spread, self.missing = np.zeros((4, len(self.names)))
        self.least, self.most = np.full(len(self.names), np.inf), np.full(len(self.names), -np.inf)
        self.sample, self.order = np.empty((0, len(self.names))), np.empty(0, np.uint64)

    def add(self, values: Array, numbers: Array) -> None:
        """Count rows [rows, columns]; ``numbers`` are the numbers of the rows in the data."""
        block, found = Numbers(self.names), values.astype(np.float64)
        valid = np.isfinite(found)
        block.rows, block.missing = valid.sum(axis=0), (~valid).sum(axis=0)
        filled = np.where(valid, found, 0.0)
        block.mean = filled.sum(axis=0) / np.maximum(block.rows, 1)
        block.spread = (np.where(valid, found - block.mean, 0.0) ** 2).sum(axis=0)
        block.least = np.where(valid, found, np.inf).min(axis=0, initial=np.inf)
        block.most = np.where(valid, found, -np.inf).max(axis=0, initial=-np.inf)
        block.sample, block.order = found, _hashed(numbers)
        self.merge(block)

    def merge(self, other: Numbers) -> None:
        """Add the rows of other statistics of the same columns."""
        rows = self.rows + other.rows
        change = other.mean - self.mean
        share = other.rows / np.maximum(rows, 1)
        self.spread = self.spread + other.spread + change**2 * self.rows * share
        self.mean, self.rows = self.mean + change * share, rows
        self.least, self.most = np.minimum(self.least, other.least), np.maximum(self.most, other.most)
        self.missing = self.missing + other.missing
        order = np.concatenate([self.order, other.order])
        kept = np.argsort(order, kind="stable")[:SAMPLED]
        self.order, self.sample = order[kept], np.concatenate([self.sample, other.sample])[kept]

    def to_json(self) -> list[dict[str, Any]]:
        """Return an entry of ``features`` for each column."""
        return [self._column(index) for index in range(len(self.names))]

    def _column(self, index: int) -> dict[str, Any]:
        record = {"name": self.names[index], "missing": int(self.missing[index])}
        sample = self.sample[:, index]
        sample = sample[np.isfinite(sample)]
        if not self.rows[index] or not len(sample):
            return record
        deviation = np.sqrt(self.spread[index] / self.rows[index])
        found = {"mean": self.mean[index], "std": deviation, "min": self.least[index], "max": self.most[index]}
        quantiles = np.quantile(sample, QUANTILES).tolist()
        return record | {name: float(value) for name, value in found.items()} | {"quantiles": quantiles}


@dataclass
class Categories:
    """Counts of the values of a column; ``others`` are those beyond 1,000 values."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    others: int = 0

    def add(self, cells: Iterable[Any]) -> None:
        """Count cells."""
        self._add(Counter(map(text, cells)))

    def merge(self, other: Categories) -> None:
        """Add the counts of the same column."""
        self._add(other.counts)
        self.others += other.others

    def _add(self, counts: Counter[str]) -> None:
        for value, count in counts.items():
            if value in self.counts or len(self.counts) < _COUNTED:
                self.counts[value] += count
            else:
                self.others += count

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``features``: the most frequent values."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        others = self.others + sum(count for _, count in ranked[_LISTED:])
        return {"name": self.name, "categories": dict(ranked[:_LISTED]), "others": others}


@dataclass
class Baseline:
    """Statistics of the inputs of a model; empty for inputs that are not columns.

    ``columns`` are those that the data has cells of.
    """

    signature: Signature
    columns: Collection[str]
    numbers: dict[str, Numbers] = field(default_factory=dict)
    categories: dict[str, Categories] = field(default_factory=dict)

    def add(self, scored: Scored) -> None:
        """Count the rows of a block."""
        if not tables.readable(self.signature) or sum(map(len, tables.columns_of(self.signature).values())) > (
            MOST_FEATURES
        ):
            return
        for spec in self.signature.inputs:
            kind, names = kind_of(spec), kind_of(spec).columns(spec) or ()
            if kind.direct and spec.numpy.kind in "fiu":
                self._add_tensors(scored, spec.name, names)
                continue
            for name in (name for name in names if name in self.columns):
                numeric = kind.cell(spec, name).dtype not in {"string", "bool"}
                self._add_cells(name, scored.block.cells(name), scored.block.first, numeric=numeric)

    def _add_tensors(self, scored: Scored, owner: str, names: tuple[str, ...]) -> None:
        found = self.numbers.setdefault(owner, Numbers(names))
        for batch in scored.prepared.batches:
            values = batch.inputs[owner].reshape(len(batch.positions), -1)
            found.add(values, scored.block.first + batch.positions)

    def _add_cells(self, name: str, cells: Sequence[Any], first: int, *, numeric: bool) -> None:
        if not numeric:
            self.categories.setdefault(name, Categories(name)).add(cells)
            return
        values = np.array([targets.number(cell) for cell in cells], np.float64)[:, np.newaxis]
        self.numbers.setdefault(name, Numbers((name,))).add(values, first + np.arange(len(cells)))

    def to_json(self) -> dict[str, Any]:
        """Return the part ``baseline`` of report.json; empty without features."""
        found = [feature for each in self.numbers.values() for feature in each.to_json()]
        found += [each.to_json() for each in self.categories.values()]
        order = [name for names in tables.columns_of(self.signature).values() for name in names]
        found.sort(key=lambda feature: order.index(feature["name"]))
        return {"features": found} if found else {}


def _hashed(numbers: Array) -> Array:
    """Return a pseudorandom number for each row's number, uint64 (splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
