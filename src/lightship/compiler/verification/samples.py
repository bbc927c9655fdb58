"""Generated inputs for comparisons: deterministic, and accepted by the original.

A signature does not contain the exclusive bound of an index (an embedding's rows) or the minimum length of a sequence
(a cropping layer's margin). Both are found by calling the original: with sizes from small to large, and bounds from
large to small.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from lightship.compiler.hints import Hint, usable
from lightship.engines.causes import GPU_ONLY, depends_on_sizes
from lightship.errors import CompileError, EngineError, TransformRefused
from lightship.inputs import kind_of
from lightship.inputs.sampling import Sampler
from lightship.tensors import Array, Signature, TensorSpec

Tensors = dict[str, Array]
Run = Callable[[str, Mapping[str, Array]], Tensors]

ROWS = 32
FEWEST_ROWS = 3
_VALUES = 2**18  # of one input in one batch, unless FEWEST_ROWS rows have more
_SEED = 20
SIZES = (8, 32, 128, 512, 2048, 10240)
BOUNDS = (2**31 - 1, 1_000_000, 100_000, 30_000, 10_000, 5_000, 1_000, 500, 256, 100, 50, 32, 20, 10, 5, 3, 2, 1)


class TransformFailed(EngineError):
    """A user's transform refused an input, raised or returned wrong arrays."""


def generate(run: Run, signature: Signature, hints: Mapping[str, Hint] | None = None) -> tuple[Tensors, Tensors]:
    """Return generated inputs of up to 32 rows, and the original's outputs.

    ``hints`` are tried first: with some words outside of the vocabulary, then only with words of it, then no hints.
    Raises CompileError where the original accepts none of the inputs, TransformRefused where a transform fails.
    """
    last = EngineError("its outputs were empty")
    refused: set[int] = set()  # sizes that the original takes with no values
    for draw, size, bound in _attempts(signature, usable(hints or {}, signature.inputs)):
        if size in refused:
            continue
        inputs = make(signature, size=size, bound=bound, draw=draw)
        try:
            outputs = run(signature.name, inputs)
        except EngineError as error:
            if GPU_ONLY in error.message:
                raise CompileError(
                    f"signature '{signature.name}' cannot run: {GPU_ONLY}", detail=error.detail
                ) from None
            if depends_on_sizes(error.message):
                refused.add(size)
            last = error
            continue
        if all(array.size for array in outputs.values()):
            return inputs, outputs
    raise _refusal_of_all(signature, last)


def _refusal_of_all(signature: Signature, last: EngineError) -> CompileError:
    """Return the error for a model whose last attempt failed as all others did."""
    if isinstance(last, TransformFailed):
        advice = "correct the transform, or give inputs that it accepts with --data"
        message = f"{last.message}, as for every generated input: {advice}"
        return TransformRefused(message, detail=last.detail)
    message = f"signature '{signature.name}' accepts no generated input ({last.message}): give real inputs with --data"
    return CompileError(message + _bytes_hint(signature), detail=last.detail)


def _attempts(signature: Signature, hints: Mapping[str, Hint]) -> Iterator[tuple[Distributions, int, int]]:
    """Yield distributions, sizes and bounds in the order in which they are tried.

    Floats without fractions come last, because Keras 2 passes indices as floats.
    """
    drawn = [Distributions(hints, unknown=True), Distributions(hints), Distributions()] if hints else [Distributions()]
    parts = [part for spec in signature.inputs for part in kind_of(spec).parts(spec)]
    sizes = SIZES if any(None in spec.row_shape for spec in parts) else SIZES[:1]
    bounds = BOUNDS if any(spec.numpy.kind in "iu" for spec in parts) else BOUNDS[:1]
    yield from itertools.product(drawn, sizes, bounds)
    if any(spec.numpy.kind == "f" for spec in signature.inputs):
        yield from ((Distributions(whole=True), SIZES[0], bound) for bound in BOUNDS)


def _bytes_hint(signature: Signature) -> str:
    """Return how to write a data file of bytes, for strings of no other kind."""
    texts = [spec.name for spec in signature.inputs if spec.dtype == "string" and not spec.kind]
    if not texts:
        return ""
    return (
        f". For files as bytes: numpy.savez('data.npz', **{{'{texts[0]}': numpy.array([open(file, 'rb').read() "
        "for file in files])})"
    )


@dataclass(frozen=True)
class Distributions:
    """Distribution of generated values.

    Attributes:
        hints: distributions by input; other inputs are drawn by dtype.
        unknown: whether some words are outside of a hint's vocabulary.
        whole: whether floats are integers, as indices are.
    """

    hints: Mapping[str, Hint] = field(default_factory=dict)
    unknown: bool = False
    whole: bool = False

    def rows(self) -> int:
        """Return the largest number of rows: ROWS, or more where a hint has more."""
        return max(ROWS, *(0 if hint.rows is None else len(hint.rows) for hint in self.hints.values()), 0)

    def values(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return an input's values, drawn as its kind of input requires."""
        if self.whole and spec.numpy.kind == "f":
            most = 2 ** (np.finfo(spec.numpy).nmant + 1) - 1
            return sampler.integers(shape, most=most).astype(spec.numpy)
        return kind_of(spec).sample(sampler, spec, shape)

    def hinted(self, rng: np.random.Generator, spec: TensorSpec, shape: tuple[int, ...]) -> Array | None:
        """Return an input's values by its hint; None without a hint."""
        hint = self.hints.get(spec.name)
        return None if hint is None else hint.values(rng, spec, shape, unknown=self.unknown)


def make(signature: Signature, *, size: int, bound: int, draw: Distributions | None = None) -> Tensors:
    """Return inputs with ``size`` for each unknown size of a row.

    Integers are drawn from 0 to ``bound - 1``, which always occurs. ``draw`` has other distributions by input.
    """
    draw = draw or Distributions()
    sampler = Sampler(np.random.default_rng(_SEED), size, bound, draw.hinted)
    shapes = {spec.name: tuple(size if n is None else n for n in spec.row_shape) for spec in signature.inputs}
    rows = max(FEWEST_ROWS, min([draw.rows(), *(_VALUES // max(1, math.prod(shape)) for shape in shapes.values())]))
    tensors = {}
    for spec in signature.inputs:
        shape = (rows, *shapes[spec.name]) if spec.batched else shapes[spec.name]
        tensors[spec.name] = draw.values(sampler, spec, shape)
    return tensors


def take(tensors: Mapping[str, Array], signature: Signature, rows: int) -> Tensors:
    """Return the first rows of every batched input, and other inputs unchanged."""
    return {spec.name: tensors[spec.name][:rows] if spec.batched else tensors[spec.name] for spec in signature.inputs}


def alter(tensors: Mapping[str, Array]) -> Tensors:
    """Return other inputs of the same shapes and dtypes.

    Floats are multiplied by 1000, booleans inverted, and the entries of other arrays rotated by one position.
    """
    return {name: _alter_array(array) for name, array in tensors.items()}


def _alter_array(array: Array) -> Array:
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return np.asarray(array * 1000, dtype=array.dtype)
    return np.logical_not(array) if array.dtype.kind == "b" else np.roll(array, 1)
