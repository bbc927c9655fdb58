"""Measurement of output shapes whose rank the model does not declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from lightship.compiler.hints import Hint
from lightship.compiler.verification import samples
from lightship.errors import EngineError
from lightship.tensors import Signature

Shape = tuple[int | None, ...]


def measure(run: samples.Run, signature: Signature, hints: Mapping[str, Hint], *, unknown: Iterable[str]) -> Signature:
    """Return the signature with measured shapes for the outputs ``unknown``.

    They are measured in two calls with generated inputs, of which the second has one row where the model accepts that.
    A size is None where it differs between the calls, where it is the first and equals the number of rows, and where an
    input has an unknown size. Raises CompileError where no generated input can be run, and ValueError, with the name of
    the output, where an output's rank differs.
    """
    inputs, outputs = samples.generate(run, signature, hints)
    row = samples.take(inputs, signature, 1)
    try:
        others = run(signature.name, row)
    except EngineError:  # the model needs more than one row
        row, others = inputs, outputs
    rows = [tuple(len(call[spec.name]) for call in (inputs, row)) for spec in signature.inputs if spec.batched]
    follows = any(None in spec.row_shape for spec in signature.inputs)

    def size(index: int, sizes: tuple[int, int]) -> int | None:
        fixed = sizes[0] == sizes[1] and not follows and not (index == 0 and sizes in rows)
        return sizes[0] if fixed else None

    shapes = {name: _shape(name, outputs[name].shape, others[name].shape, size) for name in unknown}
    specs = (replace(spec, shape=shapes.get(spec.name, spec.shape)) for spec in signature.outputs)
    return signature._replace(outputs=tuple(specs))


def _shape(
    name: str, one: tuple[int, ...], other: tuple[int, ...], size: Callable[[int, tuple[int, int]], int | None]
) -> Shape:
    if len(one) != len(other):
        raise ValueError(name)
    return tuple(size(index, sizes) for index, sizes in enumerate(zip(one, other, strict=True)))
