"""Figures of what a model computes: a decision tree, or coefficients as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lightship.bundle import Bundle
from lightship.drawing.canvas import Chart
from lightship.drawing.charts.bars import Bar, Bars
from lightship.drawing.charts.tree import Branch, Node, Tree
from lightship.engines.preprocessed import programs_of
from lightship.errors import InvalidInput
from lightship.explain.exact.entry import Entry
from lightship.explain.exact.linear import Linear
from lightship.explain.exact.nodes import LEAF
from lightship.explain.exact.origins import Origin, Origins, origins_of
from lightship.explain.exact.stored import stored
from lightship.explain.exact.trees import Trees
from lightship.inputs import kind_of
from lightship.tensors import Array, Signature

MOST_NODES = 255
MOST_BARS = 60


def figure_of(bundle: Bundle, title: str, *, tree: int | None = None, target: str | None = None) -> Chart:
    """Return the figure of a bundle's trees or coefficients.

    ``tree`` is the number of one of several trees, ``target`` a class name or an index of the coefficients. Raises
    InvalidInput, BundleError, or Unexplained with the reason where the bundle has neither.
    """
    entry, model, _ = stored(bundle)
    signature = bundle.manifest.signatures[0]
    origins = origins_of(programs_of(bundle).get(signature.name), signature.inputs)
    if origins is None or len(origins) != model.features:
        raise InvalidInput("the bundle's preprocessing does not compute the features of its model")
    classes = next(spec.classes for spec in signature.outputs if spec.name == entry.output)
    columns = Columns(_names(signature), origins)
    if isinstance(model, Linear):
        if tree is not None:
            raise InvalidInput("the model has coefficients, not trees: leave out --tree")
        return _bars(title, columns, model, entry, number=_target(entry, classes, target), classes=classes)
    if target is not None:
        raise InvalidInput("a tree is drawn with the values of all classes: leave out --target")
    return _tree(title, columns, model, classes, tree)


class Columns:
    """The user's columns: names of features and conditions on them."""

    def __init__(self, names: Sequence[str], origins: Origins) -> None:
        self._names, self._origins = names, origins

    def name(self, feature: int) -> str:
        """Return the name of a feature: its column, and the category it stands for."""
        origin = self._origins[feature]
        ones = [name for name, code in (origin.codes or {}).items() if code == 1]
        column = self._names[origin.element]
        return f"{column} is {ones[0]}" if len(ones) == 1 and len(origin.codes or ()) > 1 else column

    def condition(self, feature: int, threshold: float) -> str:
        """Return the condition of the left child in the units of the column."""
        origin = self._origins[feature]
        name = self._names[origin.element]
        if origin.codes is not None:
            return _among(name, [code <= threshold for code in origin.codes.values()], list(origin.codes))
        value = _original(origin, threshold)
        return f"{name} {'<=' if origin.factor > 0 else '>='} {value:.5g}"

    def may_be_missing(self, feature: int) -> bool:
        """Return whether the trees may read a missing value of a feature."""
        origin = self._origins[feature]
        return origin.codes is None and not origin.filled


def _original(origin: Origin, threshold: float) -> float:
    """Return the value of a column at which its feature is the threshold."""
    if origin.bounds is not None:
        threshold = float(origin.bounds[min(int(threshold), len(origin.bounds) - 1)])
    return (threshold - origin.offset) / (origin.factor or 1.0)


def _among(name: str, left: Sequence[bool], codes: Sequence[str]) -> str:
    """Return the condition that a category is one of those on the left side."""
    inside = [code for code, chosen in zip(codes, left, strict=True) if chosen]
    outside = [code for code, chosen in zip(codes, left, strict=True) if not chosen]
    if len(outside) == 1 and len(inside) > 1:
        return f"{name} is not {outside[0]}"
    if len(inside) == 1:
        return f"{name} {'' if inside[0][:1] in '<>' else 'is '}{inside[0]}"
    return f"{name} is one of {', '.join(inside)}"


def _names(signature: Signature) -> list[str]:
    """Return the name of the column of each element of a row."""
    names: list[str] = []
    for spec in signature.inputs:
        features = kind_of(spec).column_features(spec)
        if features is None:
            raise InvalidInput(f"the input '{spec.name}' has no columns")
        names += [each.name for each in features for _ in range(each.start, each.stop)]
    return names


def _target(entry: Entry, classes: Sequence[str], wanted: str | None) -> int:
    """Return the explained number of the output: by default the second of two."""
    if wanted is None:
        return 1 if entry.numbers == 2 and len(classes) == 2 else 0
    if wanted in classes:
        return list(classes).index(wanted)
    if wanted.isascii() and wanted.isdecimal() and int(wanted[:9]) < entry.numbers:
        return int(wanted[:9])
    expected = f"one of {', '.join(classes[:20])}" if classes else f"from 0 to {entry.numbers - 1}"
    raise InvalidInput(f"there is no target '{wanted[:80]}': it must be {expected}")


def _bars(title: str, columns: Columns, model: Linear, entry: Entry, *, number: int, classes: Sequence[str]) -> Bars:
    """Return the coefficients in the order of the features; the largest of many."""
    single = model.outputs == 1 and entry.numbers == 2
    values = model.coefficients[:, 0] * (1 if number else -1) if single else model.coefficients[:, number]
    largest = np.sort(np.argsort(-np.abs(values), kind="stable")[:MOST_BARS])
    more = f" ({MOST_BARS} largest of {len(values)})" if len(values) > MOST_BARS else ""
    of_class = f" of {classes[number]}" if number < len(classes) else ""
    bars = [Bar(columns.name(int(feature)), float(values[feature])) for feature in largest]
    return Bars(f"{title}: coefficients{of_class}{more}", bars, heading=True)


def _tree(title: str, columns: Columns, trees: Trees, classes: Sequence[str], number: int | None) -> Tree:
    nodes, count = trees.nodes, len(trees.nodes.roots)
    if number is not None and number >= count:
        raise InvalidInput(f"there is no tree {number}: the model has the trees 0 to {count - 1}")
    root = int(nodes.roots[number or 0])
    if (size := _size(trees, root)) > MOST_NODES:
        raise InvalidInput(f"tree {number or 0} has {size} nodes, and at most {MOST_NODES} can be drawn")
    shares = len(classes) == nodes.width > 1
    which = f": tree {number or 0} of {count}" if count > 1 else ""
    drawing = _Drawing(columns, trees, _means(trees), classes if shares else ())
    drawn = drawing.node(root)
    starred = any("*" in branch.label for node in drawn.walk() for branch in node.branches)
    return Tree(f"{title}{which}{_STARRED if starred else ''}", drawn, classes if shares else ())


def _size(trees: Trees, root: int) -> int:
    """Return the number of nodes of a tree."""
    level, size = np.array([root]), 0
    while len(level):
        size += len(level)
        inner = level[trees.nodes.feature[level] != LEAF]
        level = np.concatenate([trees.nodes.child[inner], trees.nodes.child[inner] + 1])
    return size


def _means(trees: Trees) -> Array:
    """Return the mean of the leaves below each node, float64 [nodes, width]."""
    nodes = trees.nodes
    weights, means = nodes.weights(), nodes.values.astype(np.float64)
    for node in nodes.inner[::-1]:  # children come after their parents
        left = nodes.child[node]
        means[node] = weights[left] * means[left] + weights[left + 1] * means[left + 1]
    return means


class _Drawing:
    """Nodes of a chart from nodes of trees."""

    def __init__(self, columns: Columns, trees: Trees, means: Array, classes: Sequence[str]) -> None:
        self._columns, self._nodes, self._means, self._classes = columns, trees.nodes, means, classes
        self._gaps = not trees.nodes.missing_left[trees.nodes.inner].all()

    def node(self, number: int) -> Node:
        """Return a node with all nodes below it."""
        feature, child = int(self._nodes.feature[number]), int(self._nodes.child[number])
        values = self._means[number]
        shares = values.tolist() if self._classes else []
        lines = [self._prediction(values), _weight(float(self._nodes.cover[number]))]
        if feature == LEAF:
            return Node(lines, shares)
        condition = self._columns.condition(feature, float(self._nodes.threshold[number]))
        missing = self._gaps and self._columns.may_be_missing(feature)
        left = bool(self._nodes.missing_left[number])
        labels = [f"{word}{'*' if missing and side == left else ''}" for word, side in _SIDES]
        branches = [Branch(label, self.node(child + at)) for at, label in enumerate(labels)]
        return Node([condition, *lines], shares, branches)

    def _prediction(self, values: Array) -> str:
        if self._classes:
            return f"{self._classes[int(np.round(values, 9).argmax())]} {values.max():.0%}"
        return ", ".join(f"{value:.4g}" for value in values[:3].tolist()) + (", …" if len(values) > 3 else "")


_STARRED = " (* and missing values)"
_SIDES = (("yes", True), ("no", False))


def _weight(cover: float) -> str:
    if cover != round(cover):
        return f"cover {cover:,.4g}"
    return f"{cover:,.0f} row{'' if cover == 1 else 's'}"
