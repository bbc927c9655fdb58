"""Inputs to compare models on, made from a signature: the same ones each time, and some that the original accepts.

A signature does not say how large an index may be (an embedding's rows) or how long a sequence must be (a cropping
layer's margin). Both are found by asking the original: sizes from small to large, bounds from large to small.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from lightship.compiler.hints import Hint, usable
from lightship.engines.causes import GPU_ONLY
from lightship.errors import CompileError, EngineError
from lightship.inputs import kind_of
from lightship.inputs.sampling import Sampler
from lightship.tensors import Array, Signature, TensorSpec

Tensors = dict[str, Array]
Run = Callable[[str, Mapping[str, Array]], Tensors]

ROWS = 32
FEWEST_ROWS = 3
_VALUES = 2**18  # of one input in one batch
_SEED = 20
SIZES = (8, 32, 128, 512, 2048, 10240)
BOUNDS = (2**31 - 1, 1_000_000, 100_000, 30_000, 10_000, 5_000, 1_000, 500, 256, 100, 50, 32, 20, 10, 5, 3, 2, 1)


def generate(run: Run, signature: Signature, hints: Mapping[str, Hint] | None = None) -> tuple[Tensors, Tensors]:
    """Inputs that the original accepts, and its outputs: up to 32 rows. Raises CompileError where none is found.

    ``hints`` are tried first: with some words that are in no vocabulary, without them, then no hints at all.
    """
    last = EngineError("its outputs were empty")
    for draw, size, bound in _attempts(signature, usable(hints or {}, signature.inputs)):
        inputs = make(signature, size=size, bound=bound, draw=draw)
        try:
            outputs = run(signature.name, inputs)
        except EngineError as error:
            if GPU_ONLY in error.message:
                raise CompileError(
                    f"signature '{signature.name}' cannot run: {GPU_ONLY}", detail=error.detail
                ) from None
            last = error
            continue
        if all(array.size for array in outputs.values()):
            return inputs, outputs
    what = f"no generated input suits signature '{signature.name}' ({last.message}): give real ones with --data"
    raise CompileError(what + _how_bytes(signature), detail=last.detail)


def _attempts(signature: Signature, hints: Mapping[str, Hint]) -> Iterator[tuple[Drawn, int, int]]:
    """Yield what to draw from, sizes and bounds; at last whole floats, because Keras 2 feeds indices as floats."""
    drawn = [Drawn(hints, unknown=True), Drawn(hints), Drawn()] if hints else [Drawn()]
    parts = [part for spec in signature.inputs for part in kind_of(spec).parts(spec)]
    sizes = SIZES if any(None in spec.row_shape for spec in parts) else SIZES[:1]
    bounds = BOUNDS if any(spec.numpy.kind in "iu" for spec in parts) else BOUNDS[:1]
    yield from itertools.product(drawn, sizes, bounds)
    if any(spec.numpy.kind == "f" for spec in signature.inputs):
        yield from ((Drawn(whole=True), SIZES[0], bound) for bound in BOUNDS)


def _how_bytes(signature: Signature) -> str:
    """Say how a data file holds bytes, for a signature that takes strings: encoded images and the like."""
    texts = [spec.name for spec in signature.inputs if spec.dtype == "string"]
    if not texts:
        return ""
    return (
        f". Files as bytes: numpy.savez('data.npz', **{{'{texts[0]}': numpy.array([open(file, 'rb').read() "
        "for file in files])})"
    )


@dataclass(frozen=True)
class Drawn:
    """What generated values are drawn from: ``hints`` by input, with ``unknown`` words too; all else by dtype.

    ``whole`` makes floats integers, as indices are.
    """

    hints: Mapping[str, Hint] = field(default_factory=dict)
    unknown: bool = False
    whole: bool = False

    def values(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return an input's values: by its hint, unless its kind knows them better."""
        if self.whole and spec.numpy.kind == "f":
            most = 2 ** (np.finfo(spec.numpy).nmant + 1) - 1
            return sampler.integers(shape, most=most).astype(spec.numpy)
        return kind_of(spec).sample(sampler, spec, shape)

    def hinted(self, rng: np.random.Generator, spec: TensorSpec, shape: tuple[int, ...]) -> Array | None:
        """Return an input's values by its hint; None without one."""
        hint = self.hints.get(spec.name)
        return None if hint is None else hint.values(rng, spec, shape, unknown=self.unknown)


def make(signature: Signature, *, size: int, bound: int, draw: Drawn | None = None) -> Tensors:
    """Inputs with ``size`` for what is unknown in a row, and integers from 0 to ``bound - 1``, both ends included.

    ``draw`` has what is known of the values of an input.
    """
    draw = draw or Drawn()
    sampler = Sampler(np.random.default_rng(_SEED), size, bound, draw.hinted)
    shapes = {spec.name: tuple(size if n is None else n for n in spec.row_shape) for spec in signature.inputs}
    rows = max(FEWEST_ROWS, min(ROWS, *(_VALUES // max(1, math.prod(shape)) for shape in shapes.values())))
    tensors = {}
    for spec in signature.inputs:
        shape = (rows, *shapes[spec.name]) if spec.batched else shapes[spec.name]
        tensors[spec.name] = draw.values(sampler, spec, shape)
    return tensors


def take(tensors: Mapping[str, Array], signature: Signature, rows: int) -> Tensors:
    """The first rows of every input that has any number of them."""
    return {spec.name: tensors[spec.name][:rows] if spec.batched else tensors[spec.name] for spec in signature.inputs}


def altered(tensors: Mapping[str, Array]) -> Tensors:
    """Return other inputs of the same shapes and dtypes.

    Floats are a thousand times as large, truth values inverted, and all others moved on by one place.
    """
    return {name: _altered(array) for name, array in tensors.items()}


def _altered(array: Array) -> Array:
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return np.asarray(array * 1000, dtype=array.dtype)
    return np.logical_not(array) if array.dtype.kind == "b" else np.roll(array, 1)
