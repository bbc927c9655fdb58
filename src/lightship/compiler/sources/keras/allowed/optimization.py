"""Layers of tensorflow-model-optimization, which wrap those of Keras 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PACKAGE = "it was trained with the package tensorflow-model-optimization"
_QUANTIZED = (
    f"{_PACKAGE}: in that program, set converter = tf.lite.TFLiteConverter.from_keras_model(model) and "
    "converter.optimizations = [tf.lite.Optimize.DEFAULT], write converter.convert() to a .tflite file, and compile it"
)
_PRUNED = f"{_PACKAGE}: in that program, save the result of tfmot.sparsity.keras.strip_pruning(model)"
_CLUSTERED = f"{_PACKAGE}: in that program, save the result of tfmot.clustering.keras.strip_clustering(model)"

_BY_CLASS: Mapping[str, str] = {
    "QuantizeAnnotate": _QUANTIZED,
    "QuantizeLayer": _QUANTIZED,
    "QuantizeWrapper": _QUANTIZED,
    "QuantizeWrapperV2": _QUANTIZED,
    "OutputOnlyConfig": _QUANTIZED,
    "PruneLowMagnitude": _PRUNED,
    "ClusterWeights": _CLUSTERED,
    "ClusterWeightsMHA": _CLUSTERED,
}


def remedy(name: Any) -> str:
    """Return what to do about a class of the package; empty for other classes."""
    return _BY_CLASS.get(name.rpartition(">")[2], "") if isinstance(name, str) else ""
