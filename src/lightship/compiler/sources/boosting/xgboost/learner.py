"""The content of an XGBoost model file, validated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.compiler.sources.boosting.model import Boosted, BrokenModel
from lightship.compiler.sources.boosting.xgboost.fields import Fields
from lightship.compiler.sources.boosting.xgboost.gradient import Grown, Trees, ensemble
from lightship.compiler.trees import InvalidForest, arrange, join
from lightship.compiler.trees.thresholds import by_column
from lightship.errors import SourceRefused
from lightship.tensors import Array

MOST_FEATURES = 1_000_000
_MOST_VERSION = 10_000


def _same(score: float) -> float:
    return score


def _logit(score: float) -> float:
    return -math.log(1.0 / score - 1.0)


# The link of each objective, and the function from base_score to its raw value.
_OBJECTIVES: Mapping[str, tuple[str, Callable[[float], float]]] = {
    **dict.fromkeys(
        ("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"),
        ("identity", _same),
    ),
    **dict.fromkeys(("rank:ndcg", "rank:map", "rank:pairwise"), ("identity", _same)),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"), ("exp", math.log)),
    "reg:logistic": ("sigmoid", _logit),
    "binary:logistic": ("binary", _logit),
    "binary:logitraw": ("identity", _same),
    "binary:hinge": ("positive", _same),
    "multi:softprob": ("softmax", _same),
    "multi:softmax": ("largest", _same),
}


@dataclass(frozen=True)
class Header:
    """Validated values beside the trees, as XGBoost reads them.

    Attributes:
        objective: the name of the objective.
        base_score: a number, or from XGBoost 3.1 an array of them, as text.
        classes: the number of classes; 0 for other models than classifiers of several classes.
        targets: the number of targets.
        dart: whether the booster is dart, whose trees have weights.
        version: of the XGBoost that saved the file.
    """

    objective: str
    base_score: str
    classes: int
    targets: int
    dart: bool
    version: tuple[int, ...]


@dataclass(frozen=True)
class Learner:
    """A validated model.

    Attributes:
        boosted: its trees and outputs.
        used: the trees that XGBoost's predict uses, one of each group in turn.
        header: the values beside the trees.
        notes: warnings for the report.
    """

    boosted: Boosted
    used: tuple[Grown, ...]
    header: Header
    notes: tuple[str, ...]


def read(document: Any, label: str) -> Learner:
    """Return the model of a parsed file; raises SourceRefused."""
    root = Fields(document, "", label)
    learner = root.object("learner")
    parameters = learner.object("learner_model_param")
    columns = parameters.integer("num_feature")
    if not 0 < columns <= MOST_FEATURES:
        raise parameters.broken("num_feature", f"from 1 to {MOST_FEATURES}")
    groups = _groups(parameters)
    link, to_raw = _objective(learner, label)
    if link == "binary" and groups > 1:
        link = "sigmoid"  # of several targets
    trees = ensemble(learner.object("gradient_booster"), groups)
    rounds, notes = _rounds(learner, trees)
    used = trees.first(rounds)
    try:
        forest = join([each.tree for each in used], columns=columns, groups=groups)
        arrange(forest)
    except InvalidForest as error:
        raise BrokenModel(f"{label} is not an XGBoost model: {error}") from None
    scores = _scores(parameters)
    boosted = Boosted(
        forest=forest,
        bias=_bias(parameters, scores, to_raw, groups=groups),
        link=link,
        bounds=by_column(forest.feature, forest.threshold, columns),
        names=_names(learner, columns),
    )
    return Learner(boosted, tuple(used), _header(root, scores, dart=trees.dart), notes)


def _groups(parameters: Fields) -> int:
    """Return the number of raw values: of classes, or of targets."""
    classes, targets = parameters.integer("num_class", 0), parameters.integer("num_target", 1)
    if classes > 1 and targets > 1:
        raise parameters.broken("num_target", f"1 where num_class is {classes}")
    return max(classes, targets, 1)


def _header(root: Fields, scores: Sequence[float], *, dart: bool) -> Header:
    learner, version = root.object("learner"), root.integers("version", 3)
    if not version[0] >= 1 or not ((version >= 0) & (version < _MOST_VERSION)).all():
        raise root.broken("version", "three integers, such as [3,2,0]")
    parameters = learner.object("learner_model_param")
    objective = learner.object("objective").get("name", str)
    classes = parameters.integer("num_class", 0)
    if objective.startswith("multi:") and not classes:
        raise parameters.broken("num_class", f"the number of classes of {objective}")
    # The shortest text of a float32.
    texts = ",".join(str(np.float32(score)) for score in scores)
    in_array = parameters.get("base_score", str).startswith("[")
    return Header(
        objective=objective,
        base_score=f"[{texts}]" if in_array else texts,
        classes=classes,
        targets=parameters.integer("num_target", 1),
        dart=dart,
        version=tuple(version.tolist()),
    )


def _objective(learner: Fields, label: str) -> tuple[str, Callable[[float], float]]:
    name = learner.object("objective").get("name", str)
    if name not in _OBJECTIVES:
        raise SourceRefused(
            f"{label} has the objective '{name:.80}', which cannot be compiled: the objectives are "
            f"{', '.join(sorted(_OBJECTIVES))}"
        )
    return _OBJECTIVES[name]


def _rounds(learner: Fields, trees: Trees) -> tuple[int, tuple[str, ...]]:
    """Return the number of rounds that predict uses, and notes.

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


def _scores(parameters: Fields) -> list[float]:
    """Return the values before the first tree; XGBoost 3.1 has one for each group."""
    text = parameters.get("base_score", str)
    try:
        scores = [float(np.float32(float(part))) for part in text.strip("[]").split(",")]
    except ValueError:
        scores = []
    if not scores or not np.isfinite(scores).all() or (len(scores) > 1 and not text.startswith("[")):
        raise parameters.broken("base_score", "a number, or an array of numbers")
    return scores


def _bias(parameters: Fields, scores: list[float], to_raw: Callable[[float], float], *, groups: int) -> Array:
    """Return the raw values before the first tree."""
    try:
        raw = [to_raw(score) for score in scores]
    except (ValueError, ZeroDivisionError, OverflowError):
        raise parameters.broken("base_score", "numbers in the range of the objective") from None
    if len(raw) not in (1, groups) or not np.isfinite(raw).all():
        raise parameters.broken("base_score", f"one finite number or {groups}")
    return np.broadcast_to(np.array(raw), (groups,))


def _names(learner: Fields, columns: int) -> tuple[str, ...]:
    names = learner.get("feature_names", list, [])
    if names and (len(names) != columns or not all(isinstance(name, str) for name in names)):
        raise learner.broken("feature_names", f"an array of {columns} strings")
    return tuple(names)
