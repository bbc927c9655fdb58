"""Binary trees: boxes with text, each above its two children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lightship.drawing.canvas import SMALL, Anchor, Box, Canvas, Point, Size, shortened, text_width
from lightship.drawing.palette import SERIES

_MARGIN = 12
_PADDING = 10
_LINE = 16
_STRIP = 6
_WIDEST = 200
_BETWEEN = 16  # boxes side by side
_ABOVE = 40  # from a box to its children
_KEY = 22
_ANCHORS: tuple[Anchor, Anchor] = ("start", "end")  # of labels at the right and the left


class Branch(NamedTuple):
    """A child: the label of the way to it, and the child itself."""

    label: str
    node: Node


@dataclass(frozen=True)
class Node:
    """A box of a tree.

    Attributes:
        lines: its text, the first line the most important one.
        shares: the parts of the strip at its top, which add up to 1; empty for none.
        branches: two children; none for a leaf.
    """

    lines: Sequence[str]
    shares: Sequence[float] = ()
    branches: Sequence[Branch] = ()

    def walk(self) -> Iterator[Node]:
        """Yield the node and all nodes below it."""
        yield self
        for branch in self.branches:
            yield from branch.node.walk()


@dataclass(frozen=True)
class Tree:
    """A tree; ``key`` are the names of the parts of the strips."""

    title: str
    root: Node
    key: Sequence[str] = ()

    @property
    def size(self) -> Size:
        """Return the size of the canvas that the chart needs."""
        leaves = sum(not node.branches for node in self.root.walk())
        width = leaves * (self._width + _BETWEEN) - _BETWEEN
        height = _depth(self.root) * (self._height + _ABOVE) - _ABOVE
        heading = max(text_width(self.title), sum(text_width(name, SMALL) + 3 * _PADDING for name in self.key))
        return Size(round(max(width, heading) + 2 * _MARGIN), round(height + self._top + _MARGIN))

    def draw(self, canvas: Canvas) -> None:
        """Draw the title, the key, and the tree from its root downwards."""
        canvas.text(Point(_MARGIN, _MARGIN + 12), self.title)
        self._draw_key(canvas)
        self._draw(canvas, self.root, 0, _MARGIN)

    @property
    def _top(self) -> float:
        return _MARGIN + 24 + (_KEY if self.key else 0)

    @property
    def _width(self) -> float:
        """Return the width of a box."""
        widest = max(text_width(line, SMALL) for node in self.root.walk() for line in node.lines)
        return min(widest, _WIDEST) + 2 * _PADDING

    @property
    def _height(self) -> float:
        """Return the height of a box."""
        return max(map(_box_height, self.root.walk()))

    def _draw_key(self, canvas: Canvas) -> None:
        x = float(_MARGIN)
        for number, name in enumerate(self.key):
            canvas.rectangle(Box(x, _MARGIN + 25, 10, 10), _tone(number))
            canvas.text(Point(x + 14, _MARGIN + 34), name, tone="muted", size=SMALL)
            x += text_width(name, SMALL) + 3 * _PADDING

    def _draw(self, canvas: Canvas, node: Node, level: int, left: float) -> tuple[Point, float]:
        """Draw a node and what is below it; return the top's middle and the right end."""
        y = self._top + level * (self._height + _ABOVE)
        right, ends = left, list[Point]()
        for branch in node.branches:
            end, right = self._draw(canvas, branch.node, level + 1, right)
            ends.append(end)
        if not ends:
            right = left + self._width + _BETWEEN
        middle = sum(end.x for end in ends) / len(ends) if ends else left + self._width / 2
        for end, branch in zip(ends, node.branches, strict=True):
            self._draw_way(canvas, Point(middle, y + self._height), end, branch.label)
        height = self._height if ends else _box_height(node)
        self._draw_box(canvas, node, Box(middle - self._width / 2, y, self._width, height))
        return Point(middle, y), right

    def _draw_way(self, canvas: Canvas, start: Point, end: Point, label: str) -> None:
        bend = start.y + _ABOVE / 2
        canvas.line([start, Point(start.x, bend), Point(end.x, bend), end], "muted")
        left = end.x < start.x
        at, anchor = Point(end.x + (-4 if left else 4), bend + 14), _ANCHORS[left]
        canvas.text(at, label, tone="muted", size=SMALL, anchor=anchor)

    def _draw_box(self, canvas: Canvas, node: Node, box: Box) -> None:
        with canvas.group(", ".join(node.lines)):
            corners = [(0, 0), (box.width, 0), (box.width, box.height), (0, box.height), (0, 0)]
            canvas.line([Point(box.x + x, box.y + y) for x, y in corners], "muted", width=1.0 if node.branches else 1.5)
            x = box.x
            for number, share in enumerate(node.shares):
                canvas.rectangle(Box(x, box.y, box.width * share, _STRIP), _tone(number))
                x += box.width * share
            for number, line in enumerate(node.lines):
                at = Point(box.x + box.width / 2, box.y + _STRIP + (number + 1) * _LINE - 2)
                tone = "muted" if number else "ink"
                text = shortened(line, box.width - _PADDING, SMALL)
                canvas.text(at, text, tone=tone, size=SMALL, anchor="middle")


def _tone(number: int) -> str:
    return SERIES[number % len(SERIES)]


def _box_height(node: Node) -> float:
    return len(node.lines) * _LINE + _PADDING + _STRIP


def _depth(node: Node) -> int:
    """Return the number of levels."""
    return 1 + max((_depth(branch.node) for branch in node.branches), default=0)
