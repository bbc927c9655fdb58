"""Models of numpy functions, for evaluations without an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lightship.bundle import GOLDEN, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.model import Model
from lightship.tensors import Array, Signature, TensorSpec

Function = Callable[[Array], Array]


class FunctionEngine:
    """Engine of one function from the input x to the only output."""

    stateful = False

    def __init__(self, function: Function, output: str) -> None:
        self._function = function
        self._output = output

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {self._output: self._function(inputs["x"]).astype(np.float32)}

    def clone(self) -> FunctionEngine:
        return self


def model(folder: Path, function: Function, output: TensorSpec, columns: tuple[str, ...] = ("a", "b")) -> Model:
    """Return a model of a table with these columns; it is written to an empty folder."""
    folder.mkdir(parents=True)
    kind = {"type": "tabular", "columns": list(columns)}
    spec = TensorSpec("x", "float32", (None, len(columns)), kind)
    rows = np.random.default_rng(1).normal(size=(4, len(columns))).astype(np.float32)
    return _written(folder, function, spec, output, rows)


def text_model(folder: Path, function: Function, output: TensorSpec) -> Model:
    """Return a model of one text per row; it is written to an empty folder."""
    folder.mkdir(parents=True)
    return _written(folder, function, TensorSpec("x", "string", (None,)), output, np.array([b"a", b"b"], np.object_))


def _written(folder: Path, function: Function, spec: TensorSpec, output: TensorSpec, rows: Array) -> Model:
    golden = ({"x": rows}, {output.name: function(rows).astype(np.float32)})
    write_golden(folder / GOLDEN, {"serving_default": golden})
    signature = Signature("serving_default", (spec,), (output,))
    bundle = write_manifest(folder, Manifest("litert", (signature,), digests(folder)))
    return Model(bundle, FunctionEngine(function, output.name))
