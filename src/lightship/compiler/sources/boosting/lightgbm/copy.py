"""The copy of a validated model file that LightGBM opens.

LightGBM reads sizes, options and numbers without a check, and by other rules than Python. The copy has the validated
values only, and no text of the original.
"""

from __future__ import annotations

from collections.abc import Iterator

from lightship.compiler.sources.boosting.lightgbm.objective import Objective
from lightship.compiler.sources.boosting.lightgbm.text import Model, Section
from lightship.tensors import Array

# Fields of a tree that predictions depend on, beside its sizes.
_INTEGERS = ("split_feature", "decision_type", "left_child", "right_child")


def written(model: Model, *, objective: Objective, columns: int) -> str:
    """Return the text of a validated model."""
    header = [
        "tree",
        "version=v4",
        f"num_class={objective.groups}",
        f"num_tree_per_iteration={objective.groups}",
        "label_index=0",
        f"max_feature_idx={columns - 1}",
        *([f"objective={objective.written()}"] if objective.name else []),
        *(["average_output"] if model.averaged else []),
        "feature_names=" + " ".join(f"Column_{index}" for index in range(columns)),
        "feature_infos=" + " ".join(["[0:1]"] * columns),
    ]
    trees = [line for number, tree in enumerate(model.trees) for line in _tree(tree, number)]
    return "\n".join([*header, *trees, "", "", "end of trees", "", "pandas_categorical:null", ""])


def _tree(tree: Section, number: int) -> Iterator[str]:
    leaves = tree.leaves
    yield from ("", f"Tree={number}", f"num_leaves={leaves}", "num_cat=0")
    if leaves > 1:
        for name in _INTEGERS:
            yield f"{name}={_joined(tree.integers(name, leaves - 1))}"
        yield f"threshold={_joined(tree.floats('threshold', leaves - 1))}"
    yield f"leaf_value={_joined(tree.floats('leaf_value', leaves))}"
    yield "shrinkage=1"


def _joined(values: Array) -> str:
    """Return integers, or floats of as many digits as their value needs."""
    return " ".join(map(repr, values.tolist()))
