"""``transform`` of a model.yaml: a user's code, and the tensors that clients see.

::

    transform: euros

    transform:
      name: euros
      inputs:
        amount: {dtype: string, shape: [null]}    # null: any number of rows
      outputs:
        decision: {dtype: string, shape: [null]}

Declared inputs replace all inputs of every signature, and declared outputs all outputs. The sections ``inputs`` and
``outputs`` of the file then have their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.bundle.transform import check_name
from lightship.compiler.declarations.checks import check_keys, mapping
from lightship.errors import CompileError
from lightship.tensors import DTYPES, Signature, TensorSpec

_KEYS = ("name", "inputs", "outputs")
_SPEC_KEYS = ("dtype", "shape")
_LONGEST_NAME = 200


@dataclass(frozen=True)
class DeclaredTransform:
    """The transform of a model.yaml.

    ``inputs`` and ``outputs`` are what clients see; empty where that is what the model has.
    """

    name: str
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()

    @classmethod
    def parse(cls, value: object) -> DeclaredTransform | None:
        """Validate the value of the key ``transform``; None for none.

        Raises CompileError with the key and the expected value.
        """
        if value is None:
            return None
        record = {"name": value} if isinstance(value, str) else value
        if not isinstance(record, dict) or "name" not in record:
            raise CompileError("model.yaml: transform must be a name, or a mapping with name, inputs and outputs")
        check_keys(record, _KEYS, "transform")
        try:
            name = check_name(record["name"])
        except ValueError as error:
            raise CompileError(f"model.yaml: transform.name: {error}") from None
        return cls(name, _specs(record, "inputs"), _specs(record, "outputs"))

    def seen_by_clients(self, signatures: tuple[Signature, ...]) -> tuple[Signature, ...]:
        """Return the signatures of a model with the declared inputs and outputs."""
        return tuple(
            signature._replace(inputs=self.inputs or signature.inputs, outputs=self.outputs or signature.outputs)
            for signature in signatures
        )


def _specs(record: Mapping[Any, Any], side: str) -> tuple[TensorSpec, ...]:
    specs = mapping(record, side, "transform")
    return tuple(_spec(f"transform.{side}", name, options) for name, options in specs.items())


def _spec(path: str, name: str, options: object) -> TensorSpec:
    if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME or "|" in name:
        raise CompileError(f"model.yaml: {path}: {name!r:.60} is not a name of printable characters without |")
    if not isinstance(options, dict):
        raise CompileError(f"model.yaml: {path}.{name} must be a mapping with dtype and shape")
    check_keys(options, _SPEC_KEYS, f"{path}.{name}")
    dtype, shape = options.get("dtype"), options.get("shape")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise CompileError(f"model.yaml: {path}.{name}.dtype must be one of {', '.join(DTYPES)}")
    if not isinstance(shape, list) or not all(size is None or (type(size) is int and size > 0) for size in shape):
        raise CompileError(
            f"model.yaml: {path}.{name}.shape must be a list of sizes such as [null, 3], with null for any size"
        )
    return TensorSpec(name, dtype, tuple(shape))
