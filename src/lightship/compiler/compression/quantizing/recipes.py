"""Candidates of a compression, and how they are made from a float .tflite file.

ai-edge-quantizer was measured beside TFLiteConverter's own optimizations: equal latencies, and it also works for models
that have no SavedModel any more, with dynamic batches and several signatures. Inputs and outputs stay float, so
clients see no change.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lightship.compiler.compression.quantizing.layers import separated, text_operators
from lightship.tensors import Array

FP32 = "fp32"

Rows = Mapping[str, Mapping[str, Array]]  # inputs by signature


@dataclass(frozen=True)
class Recipe:
    """One way to store weights and to compute.

    Attributes:
        bits: of a weight.
        activations: bits of an activation; 0 where activations are float, or quantized anew in each call.
        integer: whether operators compute with integers; otherwise weights are converted to float on load.
    """

    bits: int
    activations: int = 0
    integer: bool = True


# By name, from the most to the least exact.
RECIPES: Mapping[str, Recipe] = {
    "fp16": Recipe(16, integer=False),
    "int8_weights": Recipe(8, integer=False),
    "int16x8": Recipe(8, activations=16),
    "dynamic_int8": Recipe(8),
    "int8": Recipe(8, activations=8),
}

# Recipes of which a variant with layers in float32 is tried where the whole is beyond the budget.
MIXABLE = ("dynamic_int8", "int8")
MIXED = {f"{name}_mixed": name for name in MIXABLE}
NAMES = (FP32, *RECIPES, *MIXED)


class Unquantizable(Exception):
    """The quantizer cannot make this variant; the message has its reason."""


class Quantizer:
    """Quantizer of one float model.

    ``rows`` are representative inputs of the engine by signature, or None where there are none. Activations are
    measured once for each of their widths.
    """

    def __init__(self, model: bytes, rows: Rows | None) -> None:
        logging.getLogger().setLevel(logging.ERROR)  # it warns about each buffer that two tensors share
        self._model = model
        self._rows = rows
        self._ranges: dict[int, Any] = {}

    @cached_property
    def _texts(self) -> Sequence[str]:
        """Return the operators of strings, which stay as they are."""
        return text_operators(self._model)

    def quantize(self, name: str, *, floats: Sequence[str] = (), only: Sequence[str] = ()) -> bytes:
        """Return the model of a recipe; raises Unquantizable.

        ``floats`` are names of operators that stay in float32. ``only`` are the only ones that are quantized, where
        there are any.
        """
        from ai_edge_quantizer import quantizer

        recipe = RECIPES[name]
        if recipe.activations and self._rows is None:
            raise Unquantizable("needs representative inputs: give --data")
        try:
            with warnings.catch_warnings(action="ignore", category=UserWarning):  # keeping all tensors needs memory
                model = self._model if recipe.integer else separated(self._model)
                run = quantizer.Quantizer(model, _rules(recipe, (*floats, *self._texts), only))
                ranges = self._calibrated(recipe) if recipe.activations else None
                result = run.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
        except Exception as error:  # the quantizer raises many types for models that it does not foresee
            raise Unquantizable(f"the quantizer failed ({type(error).__name__}: {error})") from None
        return bytes(result.quantized_model)

    def _calibrated(self, recipe: Recipe) -> Any:
        """Return the range of each tensor's values over the representative inputs."""
        from ai_edge_quantizer import quantizer

        if recipe.activations not in self._ranges:
            run = quantizer.Quantizer(self._model, _rules(recipe, self._texts, ()))
            data = {signature: [dict(inputs)] for signature, inputs in (self._rows or {}).items()}
            self._ranges[recipe.activations] = run.calibrate(data, num_threads=1)
        return self._ranges[recipe.activations]


def _rules(recipe: Recipe, floats: Sequence[str], only: Sequence[str]) -> Any:
    """Return ai-edge-quantizer's rules.

    The last rule that matches an operator applies.
    """
    from ai_edge_quantizer import qtyping, recipe_manager
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    operations = qtyping.TFLOperationName
    everything = operations.ALL_SUPPORTED
    rules = recipe_manager.RecipeManager()
    where = "|".join(map(_exactly, only)) or ".*"
    if recipe.activations:
        rules.add_static_config(where, everything, recipe.activations, recipe.bits)
        for end in (operations.INPUT, operations.OUTPUT):
            rules.add_quantization_config(".*", end, None, AlgorithmName.NO_QUANTIZE)
    elif recipe.integer:
        rules.add_dynamic_config(where, everything, recipe.bits)
    elif recipe.bits == 16:
        whole = qtyping.QuantGranularity.TENSORWISE
        rules.add_weight_only_config(where, everything, 16, whole, AlgorithmName.FLOAT_CASTING)
    else:
        rules.add_weight_only_config(where, everything, recipe.bits)
    for layer in floats:
        rules.add_quantization_config(_exactly(layer), everything, None, AlgorithmName.NO_QUANTIZE)
    return rules.get_quantization_recipe()


def _exactly(layer: str) -> str:
    """Return the pattern of an operator's scope, the names of its outputs with ``;``."""
    return rf"^{re.escape(layer)};?$"
