"""Values of an XGBoost model file beside its trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightship.compiler.sources.boosting.model import MOST_FEATURES
from lightship.compiler.sources.boosting.xgboost.fields import Fields
from lightship.compiler.sources.boosting.xgboost.objective import Objective, objective_of
from lightship.tensors import Array

_MOST_VERSION = 10_000


@dataclass(frozen=True)
class Header:
    """Validated values, as XGBoost reads them.

    Attributes:
        name: the name of the objective.
        objective: what it predicts.
        columns: the number of features.
        classes: the number of classes; 0 for other models than classifiers of several classes.
        targets: the number of targets.
        base_score: a number, or from XGBoost 3.1 an array of them, as text.
        bias: the raw scores of base_score, float64 [groups].
        version: of the XGBoost that saved the file.
    """

    name: str
    objective: Objective
    columns: int
    classes: int
    targets: int
    base_score: str
    bias: Array
    version: tuple[int, ...]

    @property
    def groups(self) -> int:
        """Return the number of raw scores: of classes, or of targets."""
        return len(self.bias)


def read_header(root: Fields) -> Header:
    """Return the header of a parsed file; raises SourceRefused."""
    learner = root.object("learner")
    parameters = learner.object("learner_model_param")
    columns = parameters.integer("num_feature")
    if not 0 < columns <= MOST_FEATURES:
        raise parameters.broken("num_feature", f"from 1 to {MOST_FEATURES}")
    name = learner.object("objective").get("name", str)
    objective = objective_of(name, root.label)
    classes, targets = _sizes(parameters, name)
    scores = _scores(parameters)
    return Header(
        name=name,
        objective=objective,
        columns=columns,
        classes=classes,
        targets=targets,
        base_score=_text(parameters, scores),
        bias=_bias(parameters, scores, objective, groups=max(classes, targets, 1)),
        version=_version(root),
    )


def _sizes(parameters: Fields, name: str) -> tuple[int, int]:
    """Return the numbers of classes and of targets."""
    classes, targets = parameters.integer("num_class", 0), parameters.integer("num_target", 1)
    if classes > 1 and targets > 1:
        raise parameters.broken("num_target", f"1 where num_class is {classes}")
    if name.startswith("multi:") and classes < 2:
        raise parameters.broken("num_class", f"at least 2 for {name}")
    return classes, targets


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


def _text(parameters: Fields, scores: list[float]) -> str:
    """Return the shortest text of the scores, an array where the file has one."""
    texts = ",".join(str(np.float32(score)) for score in scores)
    return f"[{texts}]" if parameters.get("base_score", str).startswith("[") else texts


def _bias(parameters: Fields, scores: list[float], objective: Objective, *, groups: int) -> Array:
    """Return the raw scores before the first tree."""
    try:
        raw = [objective.to_raw(score) for score in scores]
    except (ValueError, ZeroDivisionError, OverflowError):
        raise parameters.broken("base_score", "numbers in the range of the objective") from None
    if len(raw) not in (1, groups) or not np.isfinite(raw).all():
        raise parameters.broken("base_score", f"one finite number or {groups}")
    return np.broadcast_to(np.array(raw), (groups,))


def _version(root: Fields) -> tuple[int, ...]:
    version = root.integers("version", 3)
    if not version[0] >= 1 or not ((version >= 0) & (version < _MOST_VERSION)).all():
        raise root.broken("version", "three integers, such as [3,2,0]")
    return tuple(version.tolist())
