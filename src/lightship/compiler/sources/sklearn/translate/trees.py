"""Decision trees and ensembles of them that compare float32 values.

scikit-learn compares float32 features with float64 thresholds, so thresholds are rounded down to float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate.base import Method, Nested, Translation, Untranslatable
from lightship.compiler.trees import Forest, InvalidForest, Layout, Tree, arrange, join, total
from lightship.compiler.trees.forest import LEAF
from lightship.compiler.trees.thresholds import by_column, neighbours, rounded_down
from lightship.tensors import Array

_TIE = 1e-5  # classes with probabilities this close may change places in float32


def tree(estimator: Any, nested: Nested) -> Translation:
    """Translate a DecisionTree or ExtraTree."""
    return _averaged(estimator, [estimator])


def forest(estimator: Any, nested: Nested) -> Translation:
    """Translate a RandomForest or ExtraTrees: the mean of its trees."""
    return _averaged(estimator, estimator.estimators_)


def gradient_boosting(estimator: Any, nested: Nested) -> Translation:
    """Translate GradientBoosting: an initial value plus a sum of regression trees."""
    stages = estimator.estimators_
    trees = [_tree(each, np.ravel(each.tree_.value) * estimator.learning_rate) for each in stages.ravel()]
    found = join(trees, columns=estimator.n_features_in_, groups=stages.shape[1], missing=False)
    slope = 2.0 if estimator.loss == "exponential" else 1.0
    return boosted(estimator, Boosting(found, _initial(estimator), _examples(found), slope=slope))


def isolation_forest(estimator: Any, nested: Nested) -> Translation:
    """Translate IsolationForest: a power of the mean depth of the leaves."""
    import tensorflow as tf

    paths = [_tree(each, _path_lengths(each.tree_)) for each in estimator.estimators_]
    features = estimator.estimators_features_
    chosen = [
        replace(path, feature=np.where(path.feature == LEAF, LEAF, columns[path.feature]))
        for path, columns in zip(paths, features, strict=True)
    ]
    found = join(chosen, columns=estimator.n_features_in_)
    layout = arranged(estimator, found)
    scale = len(paths) * float(_average_path(np.array([estimator.max_samples_]))[0])

    def decision_function(rows: Any) -> Any:
        depths = total(layout, rows)[:, 0]
        scores = tf.pow(2.0, -depths / scale) if scale else tf.zeros_like(depths) + 0.5
        return -scores - estimator.offset_

    def predict(rows: Any) -> Any:
        # A row of the training data may lie exactly on the boundary, and is an inlier then.
        return tf.where(decision_function(rows) < -1e-6, tf.constant(-1, tf.int64), tf.constant(1, tf.int64))

    methods = {"decision_function": decision_function, "predict": predict}
    return Translation(methods, examples=_examples(found))


@dataclass(frozen=True)
class Boosting:
    """A boosted ensemble: initial values plus sums of leaves, and what follows.

    Attributes:
        forest: the trees, with a group for each raw value.
        initial: float64 [groups], the raw values before the first tree.
        examples: see :class:`Translation`.
        slope: the positive class has the probability sigmoid(slope * raw value).
        zero: the class of a binary classifier where the raw value is zero.
    """

    forest: Forest
    initial: Array
    examples: Array
    slope: float = 1.0
    zero: int = 1


def boosted(estimator: Any, boosting: Boosting) -> Translation:
    """Return the methods of a boosted ensemble."""
    layout = arranged(estimator, boosting.forest)
    start = boosting.initial.astype(np.float32)

    def raw(rows: Any) -> Any:
        return total(layout, rows) + start

    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return Translation({"predict": _inverse_link(estimator, raw)}, examples=boosting.examples)
    methods = _binary(raw, boosting) if len(start) == 1 else _multiclass(raw)
    return Translation(methods, classes=classes, examples=boosting.examples)


def arranged(estimator: Any, found: Forest) -> Layout:
    """Return a forest's layout; raises Untranslatable."""
    try:
        return arrange(found)
    except InvalidForest as error:
        raise Untranslatable(f"{type(estimator).__name__} holds invalid trees: {error}") from None


def _averaged(estimator: Any, members: Sequence[Any]) -> Translation:
    import tensorflow as tf

    name, outputs = type(estimator).__name__, estimator.n_outputs_
    classes = getattr(estimator, "classes_", None)
    if classes is not None and outputs > 1:
        raise Untranslatable(f"{name} predicts {outputs} targets: fit one classifier for each target")
    values = [_probabilities(each.tree_) if classes is not None else each.tree_.value[:, :, 0] for each in members]
    found = join(
        [_tree(member, value) for member, value in zip(members, values, strict=True)], columns=estimator.n_features_in_
    )
    layout = arranged(estimator, found)
    missing = bool(estimator.__sklearn_tags__().input_tags.allow_nan)
    examples = neighbours(by_column(found.feature, found.threshold, found.columns), "float32", missing=missing)

    def mean(rows: Any) -> Any:
        return total(layout, rows) / len(members)

    if classes is None:
        return Translation({"predict": (lambda rows: mean(rows)[:, 0]) if outputs == 1 else mean}, examples=examples)
    methods = {"predict_proba": mean, "predict": lambda rows: tf.argmax(mean(rows), axis=1)}
    return Translation(methods, classes=classes, examples=_without_ties(estimator, examples))


def _tree(estimator: Any, values: Array) -> Tree:
    """Return the nodes of one fitted tree, with values [nodes] or [nodes, width]."""
    nodes = estimator.tree_
    leaf = nodes.children_left == LEAF
    return Tree(
        feature=np.where(leaf, LEAF, nodes.feature),
        threshold=rounded_down(nodes.threshold),
        left=nodes.children_left,
        right=nodes.children_right,
        missing_left=nodes.missing_go_to_left,
        values=values.reshape(len(leaf), -1),
    )


def _probabilities(nodes: Any) -> Array:
    """Return the classes' shares in each node, as predict_proba returns them."""
    values = np.asarray(nodes.value[:, 0, :])
    sums = values.sum(axis=1, keepdims=True)
    return np.asarray(values / np.where(sums == 0.0, 1.0, sums))


def _examples(found: Forest) -> Array:
    bounds = by_column(found.feature, found.threshold, found.columns)
    return neighbours(bounds, "float32", missing=found.missing_left is not None)


def _without_ties(estimator: Any, rows: Array) -> Array:
    """Return the rows for which one class is clearly the most probable.

    In a tie, rounding in float64 decides between the classes.
    """
    best = np.sort(estimator.predict_proba(rows), axis=1)[:, -2:]
    return np.asarray(rows[(best[:, -1] - best[:, 0] > _TIE) | (best.shape[1] == 1)])


def _multiclass(raw: Method) -> dict[str, Method]:
    import tensorflow as tf

    return {
        "predict_proba": lambda rows: tf.nn.softmax(raw(rows)),
        "predict": lambda rows: tf.argmax(raw(rows), axis=1),
        "decision_function": raw,
    }


def _binary(raw: Method, boosting: Boosting) -> dict[str, Method]:
    import tensorflow as tf

    def predict_proba(rows: Any) -> Any:
        positive = tf.sigmoid(raw(rows) * boosting.slope)
        return tf.concat([1.0 - positive, positive], axis=1)

    def predict(rows: Any) -> Any:
        scores = raw(rows)[:, 0]
        return tf.cast(scores >= 0.0 if boosting.zero else scores > 0.0, tf.int64)

    return {"predict_proba": predict_proba, "predict": predict, "decision_function": lambda rows: raw(rows)[:, 0]}


def _inverse_link(estimator: Any, raw: Method) -> Method:
    import tensorflow as tf

    if estimator.loss in _LOG_LOSSES:
        return lambda rows: tf.exp(raw(rows)[:, 0])
    return lambda rows: raw(rows)[:, 0]


_LOG_LOSSES = ("poisson", "gamma")


def _initial(estimator: Any) -> Array:
    """Return the raw value before the first tree, one for each group.

    Raises Untranslatable for an initial estimator that reads the features.
    """
    first = estimator.init_
    groups = estimator.estimators_.shape[1]
    if isinstance(first, str):
        return np.zeros(groups)
    name = type(first).__name__
    constant = _CONSTANTS.get(name)
    if constant is None or getattr(first, "strategy", "") not in {"prior", "mean", "median", "quantile", "constant"}:
        raise Untranslatable(f"{type(estimator).__name__} begins with {name}: fit it without init")
    return constant(estimator, first)


def _of_prior(estimator: Any, first: Any) -> Array:
    """Return the raw value of the prior probabilities, or of a constant class."""
    prior = np.clip(first.predict_proba(np.zeros((1, 1)))[0], *_CLIP)
    if estimator.loss == "exponential":
        return np.array([0.5 * np.log(prior[1] / (1 - prior[1]))])
    if len(prior) == 2:
        return np.array([np.log(prior[1] / (1 - prior[1]))])
    return np.asarray(np.log(prior) - np.mean(np.log(prior)))


def _of_constant(estimator: Any, first: Any) -> Array:
    return np.ravel(first.constant_)[:1].astype(np.float64)


_CLIP = (np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
_CONSTANTS: Mapping[str, Callable[[Any, Any], Array]] = {
    "DummyClassifier": _of_prior,
    "DummyRegressor": _of_constant,
}


def _path_lengths(nodes: Any) -> Array:
    """Return each node's depth plus the expected path of its rows below it."""
    depth = np.zeros(nodes.node_count)
    for node in np.flatnonzero(nodes.children_left != LEAF):  # parents come before their children
        depth[[nodes.children_left[node], nodes.children_right[node]]] = depth[node] + 1
    return np.asarray(depth + _average_path(nodes.n_node_samples))


def _average_path(samples: Array) -> Array:
    """Return the mean depth of a random tree of some samples.

    Liu, Ting and Zhou, Isolation Forest, 2008, equation 1.
    """
    count = np.maximum(samples, 3).astype(np.float64)
    several = 2.0 * (np.log(count - 1.0) + np.euler_gamma) - 2.0 * (count - 1.0) / count
    return np.where(samples > 2, several, np.where(samples == 2, 1.0, 0.0))
