"""Models whose engine is a function of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lightship.bundle import GOLDEN, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.model import Model
from lightship.tensors import Array, Signature, TensorSpec

Function = Callable[..., Array]


class FunctionEngine:
    """Engine that runs a function of the inputs by name."""

    stateful = False

    def __init__(self, function: Function, output: TensorSpec) -> None:
        self._function, self._output = function, output

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {self._output.name: np.asarray(self._function(**inputs), self._output.numpy)}

    def clone(self) -> FunctionEngine:
        return self


def model(
    folder: Path,
    function: Function,
    inputs: tuple[TensorSpec, ...],
    recorded: Mapping[str, Array],
    *,
    output: TensorSpec | None = None,
    independent: bool | None = True,
) -> Model:
    """Return a model of one signature with recorded inputs.

    By default its output is one number per row.
    """
    output = output or TensorSpec("y", "float32", (None, 1))
    engine = FunctionEngine(function, output)
    signature = Signature("serving_default", inputs, (output,), independent_rows=independent)
    write_golden(folder / GOLDEN, {signature.name: (recorded, engine.run("", recorded))})
    return Model(write_manifest(folder, Manifest("litert", (signature,), digests(folder))), engine)
