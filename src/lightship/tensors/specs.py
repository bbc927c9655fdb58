"""Dtypes, tensor specifications, signatures, and validation of arrays.

Names of dtypes are numpy's, plus ``string`` for bytes of any length (numpy: an object array of ``bytes``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from lightship.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lightship.tensors.names import Names

Array: TypeAlias = "NDArray[Any]"

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


# The reason for a value that a row lacks, or that is null.
MISSING = "the value is missing"


# Position of the score among the numbers of a box, after ymin, xmin, ymax and xmax.
SCORE = 4


class Boxes(NamedTuple):
    """What an output [batch, boxes, 5 + 2 * points] says about an image.

    Attributes:
        input: the name of the image's input.
        points: the names of the points of each box; may be empty.
    """

    input: str
    points: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Return the numbers of a box: its edges, its score, and two for each point."""
        return SCORE + 1 + 2 * len(self.points)

    def to_json(self) -> dict[str, Any]:
        """Return the form of the manifest and of model.yaml."""
        return {"input": self.input, **({"points": list(self.points)} if self.points else {})}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Boxes:
        """Read the form of :meth:`to_json`; raises KeyError, TypeError or ValueError."""
        return cls(str(record["input"]), tuple(map(str, record.get("points", ()))))


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a signature.

    Attributes:
        name: the model's name for it.
        dtype: a key of :data:`DTYPES`.
        shape: ``None`` means any size; a first dimension of any size is the batch.
        kind: how encoded bytes or named columns become this tensor, as ``{"type": "image", ...}``; ``None`` for
            a plain tensor. The options belong to the kind (see :mod:`lightship.inputs`). ``{"type": "example",
            "features": {name: {"dtype": ..., "shape": ...}}}`` are strings that the graph parses as tf.Example.
        classes: class names of an output, one per column (or two for a single sigmoid column); may be empty.
        from_logits: whether the output needs a softmax (or sigmoid) before its values are probabilities.
        multi_label: whether a row may have any number of the classes: the values are a probability for each.
        names: names of the indices that a tensor of integers holds; None without.
        scores: name of the output with a score for each of an output's ``names``; may be empty.
        reasons: name of the output with names of the items because of which each of them is ranked; may be empty.
        boxes: what boxes in an image the output is; None for other outputs.
        numpy: the dtype as a numpy dtype.
        batched: whether the first dimension takes any number of rows.
        row_shape: the shape of one row: without the batch dimension, if there is one.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    kind: Mapping[str, Any] | None = field(default=None, hash=False)  # a mapping has no hash
    classes: tuple[str, ...] = ()
    from_logits: bool = False
    multi_label: bool = False
    names: Names | None = None
    scores: str = ""
    reasons: str = ""
    boxes: Boxes | None = None
    numpy: np.dtype[Any] = field(init=False, repr=False, compare=False)
    batched: bool = field(init=False, repr=False, compare=False)
    row_shape: tuple[int | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        batched = self.shape[:1] == (None,)
        object.__setattr__(self, "numpy", DTYPES[self.dtype])
        object.__setattr__(self, "batched", batched)
        object.__setattr__(self, "row_shape", self.shape[1:] if batched else self.shape)

    def __str__(self) -> str:
        return f"{self.dtype} {_sizes(self.shape)}"

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form, without empty fields."""
        record: dict[str, Any] = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}
        if self.kind:
            record["kind"] = dict(self.kind)
        if self.classes:
            record["classes"] = list(self.classes)
        if self.from_logits:
            record["from_logits"] = True
        if self.multi_label:
            record["multi_label"] = True
        if self.names:
            record["names"] = self.names.to_json()
        if self.scores:
            record["scores"] = self.scores
        if self.reasons:
            record["reasons"] = self.reasons
        if self.boxes:
            record["boxes"] = self.boxes.to_json()
        return record

    def located(self, folder: Path) -> TensorSpec:
        """Return the spec with its names in the folder of the bundle."""
        return replace(self, names=self.names.located(folder)) if self.names else self

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TensorSpec:
        """Return the spec of a :meth:`to_json` record.

        Raises KeyError, TypeError or ValueError for another form.
        """
        shape = tuple(None if size is None else int(size) for size in record["shape"])
        if record["dtype"] not in DTYPES or any(size is not None and size < 0 for size in shape):
            raise ValueError(f"no tensor has dtype {record['dtype']!r} and shape {record['shape']!r}")
        spec = cls(
            name=str(record["name"]),
            dtype=record["dtype"],
            shape=shape,
            kind=record.get("kind"),
            classes=tuple(record.get("classes", ())),
            from_logits=bool(record.get("from_logits", False)),
            multi_label=bool(record.get("multi_label", False)),
            names=_names(record["names"]) if record.get("names") else None,
            scores=str(record.get("scores", "")),
            reasons=str(record.get("reasons", "")),
            boxes=Boxes.from_json(record["boxes"]) if record.get("boxes") else None,
        )
        _check_declared(spec)
        return spec


class Signature(NamedTuple):
    """A named function of a model: named input tensors in, named output tensors out.

    ``method`` is the SavedModel method: predict, classify or regress. ``independent_rows`` is whether a row's outputs
    are independent of the other rows of a batch, as measured when the model was compiled; None if unknown.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    method: str = "predict"
    independent_rows: bool | None = None

    def located(self, folder: Path) -> Signature:
        """Return the signature with the names of its tensors in the folder of the bundle."""
        inputs, outputs = (tuple(spec.located(folder) for spec in specs) for specs in (self.inputs, self.outputs))
        return self._replace(inputs=inputs, outputs=outputs)

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form, without defaults and unknown values."""
        record: dict[str, Any] = {
            "name": self.name,
            "inputs": [spec.to_json() for spec in self.inputs],
            "outputs": [spec.to_json() for spec in self.outputs],
        }
        if self.method != "predict":
            record["method"] = self.method
        if self.independent_rows is not None:
            record["independent_rows"] = self.independent_rows
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Signature:
        """Return the signature of a :meth:`to_json` record."""
        return cls(
            name=str(record["name"]),
            inputs=tuple(TensorSpec.from_json(spec) for spec in record["inputs"]),
            outputs=tuple(TensorSpec.from_json(spec) for spec in record["outputs"]),
            method=str(record.get("method", "predict")),
            independent_rows=None if (rows := record.get("independent_rows")) is None else bool(rows),
        )


def _names(record: Mapping[str, Any]) -> Names:
    from lightship.tensors.names import Names  # imported here: most models have none

    return Names.from_json(record)


def _check_declared(spec: TensorSpec) -> None:
    """Raise ValueError where names, classes or boxes do not fit a tensor."""
    boxes = spec.boxes
    if spec.names and (spec.numpy.kind not in "iu" or spec.classes):
        raise ValueError(
            f"'{spec.name}' is {spec} with {len(spec.classes)} classes: names need integers, and no classes"
        )
    if boxes and (len(spec.shape) != 3 or spec.shape[2] != boxes.width or spec.numpy.kind != "f" or spec.classes):
        raise ValueError(f"'{spec.name}' is {spec}: boxes need floats [any, boxes, {boxes.width}], and no classes")


def validate(inputs: Mapping[str, Array], specs: Sequence[TensorSpec]) -> None:
    """Raise InvalidInput unless arrays by name match the specs.

    Each needs the dtype and shape of its spec, at least one element, and the number of rows of the others.
    """
    for spec in specs:
        array = inputs.get(spec.name)
        if array is None:
            raise InvalidInput(f"input '{spec.name}' ({spec}) is missing")
        shape = array.shape
        if spec.dtype == "string":
            _check_strings(array, spec)
        if array.dtype != spec.numpy:
            raise InvalidInput(f"input '{spec.name}' must be {spec}, got {array.dtype.name} {list(shape)}")
        exact = len(shape) == len(spec.shape) and shape[spec.batched :] == spec.row_shape
        if not exact and not fits(shape, spec.shape):
            raise InvalidInput(f"input '{spec.name}' must have shape {describe_shape(spec)}, got {list(shape)}")
        if array.size == 0:
            raise empty(spec)
    if len(inputs) > 1:
        _check_several(inputs, specs)


def _check_strings(array: Array, spec: TensorSpec) -> None:
    """Raise InvalidInput where an array for a tensor of strings has no bytes."""
    kinds = {array.dtype.type} if array.dtype.kind in "US" else {*map(type, array.ravel().tolist())} - {bytes}
    if wrong := next((kind for kind in kinds if array.dtype.kind in "US" or not issubclass(kind, bytes)), None):
        raise InvalidInput(
            f"must be {spec} of bytes in UTF-8 in an array of objects, not of {wrong.__name__}: send "
            "np.array([text.encode() for text in texts], dtype=object)",
            input=spec.name,
        )


def _check_several(inputs: Mapping[str, Array], specs: Sequence[TensorSpec]) -> None:
    """Raise InvalidInput for unknown inputs, or inputs with different numbers of rows."""
    names = [spec.name for spec in specs]
    if unknown := [name for name in inputs if name not in names]:
        raise InvalidInput(f"there is no input '{unknown[0]}': the inputs are {', '.join(names)}")
    check_counts(inputs, specs)


def check_counts(inputs: Mapping[str, Array], specs: Sequence[TensorSpec]) -> None:
    """Raise InvalidInput for inputs with different numbers of rows."""
    rows: dict[int, str] = {}
    for spec in specs:
        if spec.batched and spec.name in inputs and inputs[spec.name].ndim:
            rows.setdefault(len(inputs[spec.name]), spec.name)
    if len(rows) > 1:
        sizes = ", ".join(f"'{name}' has {count}" for count, name in rows.items())
        raise InvalidInput(f"all inputs must have the same number of rows: {sizes}")


def check_finite(array: Array, spec: TensorSpec) -> None:
    """Raise InvalidInput where a floating-point array holds NaN or infinity.

    Not every protocol can represent them.
    """
    if array.dtype.kind == "f" and not _finite(array):
        reason = f"NaN, Infinity or a number beyond {spec.dtype}: send finite numbers"
        raise refused(reason, spec, np.argwhere(~np.isfinite(array))[0])


def empty(spec: TensorSpec) -> InvalidInput:
    """Return the error for an input without elements."""
    shape = f" of shape {describe_row(spec)}" if spec.row_shape else ""
    return InvalidInput(f"empty: send at least one row{shape}", input=spec.name)


def refused(reason: str, spec: TensorSpec, index: Sequence[int], *, one_row: bool = False) -> InvalidInput:
    """Return the error for one element of an input, with its row and its column.

    ``index`` is the element's position in a batch, or in a value that is one row; a whole row has one number.
    """
    if not spec.batched or len(index) == 0:
        return InvalidInput(reason, input=spec.name)
    row, cell = (None, index) if one_row else (index[0], index[1:])
    names = _column_names(spec)
    if len(cell) == len(spec.row_shape) == 1 and cell[0] < len(names) == spec.shape[1]:
        return InvalidInput(reason, row=row, column=names[cell[0]])
    return InvalidInput(reason, input=spec.name, row=row)


@lru_cache(maxsize=16)
def limits(dtype: str) -> tuple[float, float]:
    """Return the smallest and the largest finite number of a dtype."""
    found = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
    return np.array(found.min).item(), np.array(found.max).item()


def unraveled(position: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the index of a position in row-major order."""
    return tuple(map(int, np.unravel_index(position, shape)))


def fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Return whether an array's shape has the wanted sizes; None is any size."""
    return len(shape) == len(wanted) and all(
        expected in (None, size) for size, expected in zip(shape, wanted, strict=True)
    )


def _finite(array: Array) -> bool:
    """Return whether all elements are finite.

    The dot product with itself is finite only if all elements are, and takes a quarter of the time of np.isfinite.
    """
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def describe_shape(spec: TensorSpec) -> str:
    """Return the shape for a message: ``[any, 2] (age, income)`` with column names."""
    return _sizes(spec.shape) + _columns(spec)


def describe_row(spec: TensorSpec) -> str:
    """Return the shape of one row for a message."""
    return _sizes(spec.row_shape) + _columns(spec)


def every_row(spec: TensorSpec) -> str:
    """Return what every row must be, for a message."""
    if spec.batched and not spec.row_shape:
        return f"every row must be one value, not a list ({spec})"
    return f"every row must have shape {describe_row(spec)}"


def _sizes(shape: tuple[int | None, ...]) -> str:
    return f"[{', '.join('any' if size is None else str(size) for size in shape)}]"


def _columns(spec: TensorSpec) -> str:
    names = _column_names(spec)
    return f" ({', '.join(names)})" if names else ""


def _column_names(spec: TensorSpec) -> Sequence[str]:
    return (spec.kind or {}).get("columns") or ()
