"""Tensors as users describe and send them: dtypes, specifications, strict conversion, validation.

Names of dtypes are numpy's, plus ``string`` for bytes of any length (numpy: an object array of ``bytes``).
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lightship.errors import InvalidInput

Array = npt.NDArray[Any]

DTYPES: Mapping[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    "int8": np.dtype(np.int8),
    "int16": np.dtype(np.int16),
    "int32": np.dtype(np.int32),
    "int64": np.dtype(np.int64),
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
    "uint32": np.dtype(np.uint32),
    "uint64": np.dtype(np.uint64),
    "float16": np.dtype(np.float16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "string": np.dtype(np.object_),
}

# What the values of nested lists may be, by numpy's kind letter of the array they make, for a wanted kind.
_ACCEPTED = {"f": "fiu", "i": "iu", "u": "iu", "b": "b", "O": "U"}
_NAMES = {"f": "numbers", "i": "integers", "u": "integers", "b": "true or false", "O": "strings"}


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a signature.

    Attributes:
        name: as the model names it.
        dtype: a key of :data:`DTYPES`.
        shape: ``None`` stands for any size; the first dimension is the batch.
        kind: how encoded bytes or named columns become this tensor, as ``{"type": "image", ...}``; ``None`` for
            a plain tensor. The options belong to the kind (see :mod:`lightship.kinds`).
        classes: class names of an output, one per column (or two for a single sigmoid column); empty if none.
        from_logits: whether the output needs a softmax (or sigmoid) before its values are probabilities.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    kind: Mapping[str, Any] | None = None
    classes: tuple[str, ...] = ()
    from_logits: bool = False
    numpy: np.dtype[Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numpy", DTYPES[self.dtype])

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.dtype} [{sizes}]"

    @property
    def batched(self) -> bool:
        """Whether the first dimension takes any number of rows."""
        return bool(self.shape) and self.shape[0] is None

    @property
    def row_shape(self) -> tuple[int | None, ...]:
        """The shape of one row: without the batch dimension where there is one."""
        return self.shape[1:] if self.batched else self.shape

    def to_json(self) -> dict[str, Any]:
        """The manifest's form: what is empty is left out."""
        record: dict[str, Any] = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}
        if self.kind:
            record["kind"] = dict(self.kind)
        if self.classes:
            record["classes"] = list(self.classes)
        if self.from_logits:
            record["from_logits"] = True
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TensorSpec:
        """The inverse of :meth:`to_json`; raises KeyError, TypeError or ValueError on another form."""
        shape = tuple(None if size is None else int(size) for size in record["shape"])
        if record["dtype"] not in DTYPES or any(size is not None and size < 0 for size in shape):
            raise ValueError(f"no tensor has dtype {record['dtype']!r} and shape {record['shape']!r}")
        return cls(
            name=str(record["name"]),
            dtype=record["dtype"],
            shape=shape,
            kind=record.get("kind"),
            classes=tuple(record.get("classes", ())),
            from_logits=bool(record.get("from_logits", False)),
        )


@dataclass(frozen=True)
class Signature:
    """A named function of a model: named input tensors in, named output tensors out."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def to_json(self) -> dict[str, Any]:
        """The manifest's form."""
        return {
            "name": self.name,
            "inputs": [spec.to_json() for spec in self.inputs],
            "outputs": [spec.to_json() for spec in self.outputs],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Signature:
        """The inverse of :meth:`to_json`."""
        return cls(
            name=str(record["name"]),
            inputs=tuple(TensorSpec.from_json(spec) for spec in record["inputs"]),
            outputs=tuple(TensorSpec.from_json(spec) for spec in record["outputs"]),
        )


def to_array(value: Any, spec: TensorSpec) -> Array:
    """Nested lists, a scalar or ``{"b64": text}`` as an array of the spec's dtype and rank.

    Strict, because JSON types carry meaning: strings, booleans and null are not numbers, ``1.5`` and ``1.0`` are not
    integers, and a number that does not fit the dtype is refused instead of wrapped. Where the value has one
    dimension less than a batched spec, it is one row and gets its batch dimension. Raises InvalidInput.
    """
    if isinstance(value, dict):
        return _from_base64(value, spec)
    array = _text_array(value, spec) if spec.dtype == "string" else _number_array(value, spec)
    if spec.batched and array.ndim == len(spec.shape) - 1:
        array = array[np.newaxis]
    return array


def validate(array: Array, spec: TensorSpec) -> None:
    """Raise InvalidInput unless the array has the spec's dtype and shape, a row, and finite numbers only."""
    if array.dtype != spec.numpy:
        raise InvalidInput(f"input '{spec.name}' must be {spec}, got {array.dtype.name} {list(array.shape)}")
    if array.ndim != len(spec.shape) or any(
        wanted is not None and size != wanted for size, wanted in zip(array.shape, spec.shape, strict=True)
    ):
        raise InvalidInput(
            f"input '{spec.name}' must have shape {_shape(spec)}{_column_hint(spec)}, got {list(array.shape)}"
        )
    if array.size == 0:
        raise InvalidInput(f"input '{spec.name}' is empty: send at least one row of shape {_row(spec)}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidInput(
            f"input '{spec.name}' holds NaN, Infinity or a number beyond {spec.dtype}: send finite numbers"
        )


def _number_array(value: Any, spec: TensorSpec) -> Array:
    wanted = spec.numpy.kind
    try:
        array = np.array(value)
    except (ValueError, OverflowError) as error:
        fault = "ragged" if "inhomogeneous" in str(error) else "nested too deeply"
        raise InvalidInput(
            f"input '{spec.name}' is {fault}: every row must have shape {_row(spec)}{_column_hint(spec)}"
        ) from None
    if array.size == 0:
        raise InvalidInput(f"input '{spec.name}' is empty: send at least one row of shape {_row(spec)}")
    if array.dtype.kind not in _ACCEPTED[wanted]:
        raise InvalidInput(f"input '{spec.name}' must hold {_NAMES[wanted]} ({spec}), {_culprit(value, wanted)}")
    if wanted in "iu":
        limits = np.iinfo(spec.numpy)
        if array.min() < limits.min or array.max() > limits.max:
            raise InvalidInput(
                f"input '{spec.name}' holds an integer outside {spec.dtype}'s range {limits.min}..{limits.max}"
            )
    with np.errstate(over="ignore"):  # what overflows becomes an infinity, which validate() refuses by name
        return array.astype(spec.numpy, copy=False)


def _text_array(value: Any, spec: TensorSpec) -> Array:
    shape = _nested_shape(value, spec)
    if len(shape) > len(spec.shape):
        raise InvalidInput(f"input '{spec.name}' must have shape {_shape(spec)}, got {len(shape)} or more dimensions")
    flat = np.empty(math.prod(shape), dtype=np.object_)
    for index, item in enumerate(_leaves(value)):
        if isinstance(item, str):
            flat[index] = item.encode()
        elif isinstance(item, dict):
            flat[index] = _base64_bytes(item, spec)
        else:
            raise InvalidInput(f"input '{spec.name}' must hold strings ({spec}), got {json_type(item)}")
    return flat.reshape(shape)


def _nested_shape(value: Any, spec: TensorSpec, depth: int = 0) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    shapes = set() if depth > len(spec.shape) else {_nested_shape(item, spec, depth + 1) for item in value}
    if len(shapes) > 1:
        raise InvalidInput(f"input '{spec.name}' is ragged: every row must have shape {_row(spec)}")
    return (len(value), *(shapes.pop() if shapes else ()))


def _leaves(value: Any) -> Iterator[Any]:
    """The values inside nested lists, without recursion: a request may nest a thousand lists."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
        else:
            yield item


def _from_base64(value: dict[str, Any], spec: TensorSpec) -> Array:
    """``{"b64": text}``: the bytes of one string, or little-endian elements of whole rows in row-major order."""
    data = _base64_bytes(value, spec)
    if spec.dtype == "string":
        array = np.empty((), dtype=np.object_)
        array[()] = data
        return array[np.newaxis] if spec.batched and len(spec.shape) == 1 else array
    row = [1 if size is None else size for size in spec.row_shape]
    if spec.row_shape.count(None) or not data or len(data) % (math.prod(row) * spec.numpy.itemsize):
        raise InvalidInput(
            f"input '{spec.name}' as base64 must be whole rows of little-endian {spec.dtype} {_row(spec)}, "
            f"got {len(data)} bytes"
        )
    array = np.frombuffer(data, dtype=spec.numpy.newbyteorder("<")).astype(spec.numpy)
    return array.reshape([-1, *row] if spec.batched else row)


def _base64_bytes(value: dict[str, Any], spec: TensorSpec) -> bytes:
    text = value.get("b64")
    if len(value) != 1 or not isinstance(text, str):
        raise InvalidInput(f'input \'{spec.name}\' holds an object that is not {{"b64": "..."}}')
    return from_base64(text, spec)


def from_base64(text: str, spec: TensorSpec) -> bytes:
    """Decode base64 text strictly; raises InvalidInput that names the input."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"input '{spec.name}' holds text that is not base64") from None


def json_type(value: Any) -> str:
    """What a JSON reader would call this value."""
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _culprit(value: Any, wanted: str) -> str:
    """Name the first leaf that is to blame, for the error sentence."""
    good: dict[str, tuple[type, ...]] = {"f": (int, float), "i": (int,), "u": (int,), "b": (bool,)}
    for item in _leaves(value):
        if not isinstance(item, good[wanted]) or (wanted != "b" and isinstance(item, bool)):
            return f"got {json_type(item)}: {str(item)[:40]!r}"
        if isinstance(item, int) and not -(2**63) <= item < 2**64:
            return f"got an integer of {len(str(abs(item)))} digits"
    return "got a mixture"


def _shape(spec: TensorSpec) -> str:
    return "[" + ", ".join("any" if size is None else str(size) for size in spec.shape) + "]"


def _row(spec: TensorSpec) -> str:
    return "[" + ", ".join("any" if size is None else str(size) for size in spec.row_shape) + "]"


def _column_hint(spec: TensorSpec) -> str:
    columns = (spec.kind or {}).get("columns")
    return f" ({', '.join(columns)})" if columns else ""
