"""The loss and metrics that a Keras model was compiled with, on data with targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lightship.compiler.sources.keras.frameworks import Framework
from lightship.tensors import Array

_BATCH = 256

_ONE_HOT = frozenset({"categoricalcrossentropy", "categoricalfocalcrossentropy"})

# Modules whose classes may be made from a configuration: they run no code of the file.
_MODULES = frozenset({"keras.losses", "keras.metrics"})
_KEYS = frozenset({"module", "class_name", "config", "registered_name"})

# Digits that do not depend on the order in which threads add up.
_DIGITS = 5


def compiled_metrics(
    model: Any, framework: Framework, config: Mapping[str, Any], inputs: Sequence[Array], targets: Array
) -> dict[str, float]:
    """Return the results of Keras' own ``evaluate``, by name.

    ``config`` is the ``compile_config`` of the file, ``targets`` are classes or numbers [rows]. Empty where the loss or
    a metric is not one of Keras, or Keras cannot compute them.
    """
    loss, metrics = config.get("loss"), config.get("metrics")
    if loss is None or not _of_keras(loss) or not _of_keras(metrics):
        return {}
    expected = _one_hot(targets, model.outputs[0].shape[-1]) if _takes_one_hot(loss) else targets
    try:
        model.compile(loss=_made(framework, loss), metrics=_made(framework, metrics))
        found = model.evaluate(list(inputs), expected, batch_size=_BATCH, verbose=0, return_dict=True)
        return {str(name): float(f"{float(value):.{_DIGITS}g}") for name, value in found.items() if np.isfinite(value)}
    except Exception:  # Keras raises exceptions of any class for targets that do not fit
        return {}


def _of_keras(config: Any) -> bool:
    """Return whether a configuration holds only names and classes of Keras."""
    if isinstance(config, list):
        return all(map(_of_keras, config))
    if not isinstance(config, dict):
        return config is None or isinstance(config, str)
    plain = isinstance(config.get("config"), dict) and all(_is_plain(value) for value in config["config"].values())
    builtin = config.get("module") in _MODULES and config.get("registered_name") is None
    return config.keys() <= _KEYS and builtin and plain


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _made(framework: Framework, config: Any) -> Any:
    if isinstance(config, list):
        return [_made(framework, each) for each in config]
    if isinstance(config, dict):
        return framework.module.saving.deserialize_keras_object(config, safe_mode=True)
    return config


def _takes_one_hot(loss: Any) -> bool:
    name = loss.get("class_name", "") if isinstance(loss, dict) else loss
    return isinstance(name, str) and name.replace("_", "").lower() in _ONE_HOT


def _one_hot(targets: Array, classes: int) -> Array:
    return np.eye(classes, dtype=np.float32)[targets.astype(np.int64)]
