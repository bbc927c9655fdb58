"""Trees: boxes with text, strips of shares, ways to the children."""

from __future__ import annotations

import pytest

from lightship.drawing.charts.tree import Branch, Node, Tree
from tests.drawing.drawn import Drawn


def chain(depth: int) -> Node:
    """Return a tree with a leaf at the left of each level."""
    if not depth:
        return Node(["end"])
    return Node([f"level {depth}"], (), [Branch("yes", Node(["leaf"])), Branch("no", chain(depth - 1))])


def full(depth: int) -> Node:
    below = [Branch(label, full(depth - 1)) for label in ("yes", "no")] if depth else []
    return Node([f"depth {depth}", "many words in a line of text that is long"], [0.25, 0.75], below)


@pytest.mark.parametrize("root", [Node(["only"]), chain(6), full(4)], ids=["leaf", "chain", "full"])
def test_tree_boxes_are_inside_and_do_not_overlap(root: Node) -> None:
    drawn = Drawn(Tree("Tree", root))
    assert drawn.inside()
    boxes = [line for line in drawn.lines() if len(line) == 5]
    assert len(boxes) == sum(1 for _ in root.walk())
    corners = [(left, top, right, bottom) for (left, top), _, (right, bottom), *_ in boxes]
    for number, (left, top, right, bottom) in enumerate(corners):
        for other in corners[number + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_tree_ways_lead_to_children_with_labels() -> None:
    drawn = Drawn(Tree("Tree", chain(1)))
    ways = [line for line in drawn.lines() if len(line) == 4]
    assert len(ways) == 2
    assert ways[0][0] == ways[1][0]
    assert ways[0][-1][0] < ways[1][-1][0]
    assert [text for text in drawn.texts() if text in ("yes", "no")] == ["yes", "no"]


def test_tree_strip_has_widths_of_shares() -> None:
    drawn = Drawn(Tree("Tree", Node(["half"], [0.25, 0.75]), ["rose", "tulip"]))
    *_, first, second = drawn.numbers("rect", "width")
    assert second == pytest.approx(3 * first, rel=0.01)
    assert {"rose", "tulip"} <= set(drawn.texts())


def test_tree_hostile_text_is_escaped() -> None:
    drawn = Drawn(Tree("<script>", Node(['<script>alert("1")</script>'])))
    assert not drawn.all("script")
    assert "<script>" in drawn.titles()
