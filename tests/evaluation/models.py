"""Models of numpy functions, for evaluations without an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lightship.bundle import GOLDEN, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.model import Model
from lightship.tensors import Array, Signature, TensorSpec

Function = Callable[[Array], Array]


class FunctionEngine:
    """Engine of functions of the input x, by output."""

    stateful = False

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {name: function(inputs["x"]).astype(np.float32) for name, function in self._functions.items()}

    def clone(self) -> FunctionEngine:
        return self


def model(folder: Path, function: Function, output: TensorSpec, columns: tuple[str, ...] = ("a", "b")) -> Model:
    """Return a model of a table with these columns; it is written to an empty folder."""
    return several(folder, [(function, output)], columns)


def several(
    folder: Path, functions: Sequence[tuple[Function, TensorSpec]], columns: tuple[str, ...] = ("a", "b")
) -> Model:
    """Return a model of a table with a function for each output, in an empty folder."""
    kind = {"type": "tabular", "columns": list(columns)}
    spec = TensorSpec("x", "float32", (None, len(columns)), kind)
    rows = np.random.default_rng(1).normal(size=(4, len(columns))).astype(np.float32)
    return _written(folder, functions, spec, rows)


def text_model(folder: Path, function: Function, output: TensorSpec) -> Model:
    """Return a model of one text per row; it is written to an empty folder."""
    rows = np.array([b"a", b"b"], np.object_)
    return _written(folder, [(function, output)], TensorSpec("x", "string", (None,)), rows)


def _written(folder: Path, functions: Sequence[tuple[Function, TensorSpec]], spec: TensorSpec, rows: Array) -> Model:
    folder.mkdir(parents=True)
    engine = FunctionEngine({output.name: function for function, output in functions})
    write_golden(folder / GOLDEN, {"serving_default": ({"x": rows}, engine.run("serving_default", {"x": rows}))})
    signature = Signature("serving_default", (spec,), tuple(output for _, output in functions))
    bundle = write_manifest(folder, Manifest("litert", (signature,), digests(folder)))
    return Model(bundle, engine)
