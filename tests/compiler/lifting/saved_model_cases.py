"""SavedModels with operators on strings in their serving functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

TEXT = tf.TensorSpec((None,), tf.string, name="text")


def _saved(function: Callable[..., Any], *specs: Any) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        module = tf.Module()
        module.weights = tf.Variable([[0.5, -1.0], [2.0, 0.25]])
        traced = tf.function(lambda *arrays: {"result": function(module, *arrays)}, autograph=False)
        tf.saved_model.save(module, str(folder), signatures=traced.get_concrete_function(*specs))

    return save


def _lengths(module: Any, text: Any) -> Any:
    """Return a linear function of two features of a text."""
    clean = tf.strings.regex_replace(tf.strings.lower(text), r"[^a-z0-9 ]+", "")
    words = tf.strings.split(tf.strings.strip(clean))
    features = tf.stack([tf.strings.length(clean), tf.cast(words.row_lengths(), tf.int32)], axis=1)
    return tf.cast(features, tf.float32) @ module.weights


def _two_splits(module: Any, text: Any) -> Any:
    """Return hashed words of a matrix of lines and fields."""
    lines = tf.strings.split(text, ";")
    return tf.strings.to_hash_bucket_fast(tf.strings.split(lines), 100).to_tensor()


def _joined(module: Any, text: Any) -> Any:
    parts = tf.strings.join([tf.strings.upper(text), tf.strings.as_string(tf.strings.length(text))], "-")
    return tf.strings.to_hash_bucket_strong(parts, 1000, [1, 2])


def _code_points(module: Any, text: Any) -> Any:
    return tf.strings.unicode_decode(text, "UTF-8").to_tensor(shape=(None, 10))


def _equal(module: Any, text: Any) -> Any:
    """Return whether a text is one of two constants, which are scalars."""
    return tf.logical_or(tf.equal(text, "foo"), tf.logical_not(tf.not_equal(text, "bar")))


def _numbers(module: Any, text: Any) -> Any:
    return tf.strings.to_number(tf.strings.regex_replace(text, "[^0-9]+", "")) + module.weights[0, 0]


def _regular(module: Any, text: Any) -> Any:
    return tf.strings.length(tf.strings.regex_replace(text, "<[^>]+>", ""))


def _of_results(module: Any, numbers: Any) -> Any:
    return tf.strings.as_string(tf.math.tanh(numbers @ module.weights))


def _repeated(module: Any, text: Any) -> Any:
    step = lambda index, last: (index + 1, tf.strings.join([last, "a"]))  # noqa: E731
    return tf.strings.length(tf.while_loop(lambda index, last: index < 3, step, [0, text])[1])


CASES: Mapping[str, Callable[[Path], None]] = {
    "lengths": _saved(_lengths, TEXT),
    "two splits": _saved(_two_splits, TEXT),
    "joined": _saved(_joined, TEXT),
    "code points": _saved(_code_points, TEXT),
    "equal": _saved(_equal, TEXT),
    "quadratic pattern": _saved(_regular, TEXT),
    "text of results": _saved(_of_results, tf.TensorSpec((None, 2), tf.float32, name="numbers")),
    "loop": _saved(_repeated, TEXT),
}
