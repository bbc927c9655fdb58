"""The content of an XGBoost model file, validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lightship.compiler.sources.boosting.model import Boosted, BrokenModel
from lightship.compiler.sources.boosting.xgboost.fields import Fields
from lightship.compiler.sources.boosting.xgboost.gradient import Grown, Trees, read_trees
from lightship.compiler.sources.boosting.xgboost.header import Header, read_header
from lightship.compiler.trees import Ensemble, Forest, InvalidForest, arrange, join
from lightship.compiler.trees.thresholds import by_column

_BOOLEAN = "i"  # of "indicator", in feature_types


@dataclass(frozen=True)
class Learner:
    """A validated model.

    Attributes:
        boosted: its trees and outputs.
        used: the trees that XGBoost's predict uses, one of each group in turn.
        dart: whether the booster is dart, whose trees have weights.
        header: the values beside the trees.
        notes: warnings for the report.
    """

    boosted: Boosted
    used: tuple[Grown, ...]
    dart: bool
    header: Header
    notes: tuple[str, ...]


def read_learner(document: Any, label: str) -> Learner:
    """Return the model of a parsed file; raises SourceRefused."""
    root = Fields(document, "", label)
    learner, header = root.object("learner"), read_header(root)
    trees = read_trees(learner.object("gradient_booster"), header.groups)
    rounds, notes = _rounds(learner, trees)
    used = trees.first(rounds)
    forest = _forest(used, header, label)
    names = _names(learner, header.columns)
    boosted = Boosted(
        ensemble=Ensemble(forest, bias=header.bias, activation=header.objective.activation),
        outputs=header.objective.outputs_of(header.groups),
        bounds=by_column(forest.feature, forest.threshold, header.columns),
        names=names,
        booleans=_booleans(learner, names),
    )
    return Learner(boosted, tuple(used), trees.dart, header, notes)


def _rounds(learner: Fields, trees: Trees) -> tuple[int, tuple[str, ...]]:
    """Return the number of rounds that predict uses (0: all), and notes.

    XGBClassifier and XGBRegressor, which mark their files, stop at the best round; Booster.predict does not.
    """
    attributes = learner.get("attributes", dict, {})
    best = attributes.get("best_iteration")
    if best is None:
        return 0, ()
    plain = isinstance(best, str) and best.isascii() and best.isdecimal() and len(best) < 11
    if not plain or int(best) >= trees.rounds:
        raise learner.broken("attributes.best_iteration", f"the text of an integer below {trees.rounds}")
    if "scikit_learn" in attributes:
        return int(best) + 1, ()
    note = f"training found the best round {best}, and all {trees.rounds} rounds are used, as by Booster.predict"
    return 0, (note,) if int(best) + 1 < trees.rounds else ()


def _forest(trees: list[Grown], header: Header, label: str) -> Forest:
    try:
        forest = join([each.tree for each in trees], columns=header.columns, groups=header.groups)
        arrange(forest)
    except InvalidForest as error:
        raise BrokenModel(f"{label} is not an XGBoost model: {error}") from None
    return forest


def _names(learner: Fields, columns: int) -> tuple[str, ...]:
    names = learner.get("feature_names", list, [])
    if names and (len(names) != columns or not all(isinstance(name, str) for name in names)):
        raise learner.broken("feature_names", f"an array of {columns} strings")
    return tuple(names)


def _booleans(learner: Fields, names: tuple[str, ...]) -> frozenset[str]:
    types = learner.get("feature_types", list, [])
    return frozenset(name for name, found in zip(names, types, strict=False) if found == _BOOLEAN)
