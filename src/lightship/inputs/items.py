"""Items: names from a file, such as films or users, as indices in a tensor.

A row of ``[batch, length]`` is a list of items, filled up with the number of padding; one of ``[batch]`` or ``[batch,
1]`` is one item. The names are :attr:`lightship.tensors.TensorSpec.names`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput, TooLarge
from lightship.inputs.kind import Feature, InputKind, Nested
from lightship.inputs.rows import each_row
from lightship.tensors import Array, TensorSpec, json_type, to_array
from lightship.tensors.names import LONGEST, SEPARATOR, Names
from lightship.tensors.specs import refused

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.cells import Cell
    from lightship.inputs.form import FormField
    from lightship.inputs.sampling import Sampler
    from lightship.tensors.schemas import Schema

PAD = -1
_OPTIONS = ("names", "pad")
_FILE = re.compile(r"[A-Za-z0-9._/-]{1,200}\.txt")
_LISTED = 3  # names in a message
_MOST_ENTRIES = 2**26  # of a tensor whose rows take any number of items


@dataclass(frozen=True)
class Items(InputKind):
    """Input of items; ``pad`` is the number of no item."""

    pad: int = PAD

    options: ClassVar[tuple[str, ...] | None] = _OPTIONS
    cheap_bytes: ClassVar[int] = 64 * 1024
    named_feature: ClassVar[bool] = True
    direct: ClassVar[bool] = False

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        if unknown := sorted(map(str, set(options) - set(_OPTIONS))):
            raise InvalidInput(f"items have no option '{unknown[0]:.100}', they have {', '.join(_OPTIONS)}")
        check_file(options.get("names"))
        if type(pad := options.get("pad", PAD)) is not int:
            raise InvalidInput(f"pad must be an integer, the number of no item, not {pad!r:.100}")

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """Check the tensor and the number of padding against the number of names."""
        if not spec.batched or len(spec.shape) > 2 or spec.numpy.kind not in "iu":
            raise InvalidInput(f"input '{spec.name}' is {spec}: items need integers [batch] or [batch, length]")
        count, pad = spec.names.count if spec.names else 0, options.get("pad", PAD)
        limits = np.iinfo(spec.numpy)
        if not limits.min <= pad <= limits.max or count - 1 > limits.max:
            raise InvalidInput(f"input '{spec.name}' is {spec}: it cannot hold {max(count - 1, pad)} and pad {pad}")
        if 0 <= pad < count:
            raise InvalidInput(f"pad must not be {pad}, which is the index of one of the {count} names")
        return cls(pad)

    @classmethod
    def files(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """See :class:`InputKind`."""
        return (options["names"],)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        pad = int(record["pad"])
        if not -(2**63) <= pad < 2**63:
            raise ValueError("the number of no item is beyond 64 bits")
        return cls(pad)

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"pad": self.pad}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """Return one row or a list of rows as indices.

        A row is a list of names, indices and nulls, or only one of them; null is no item.
        """
        if isinstance(value, dict):
            array = nested(value, spec)
            self.check_tensor(array, spec)
            return array
        rows = self.rows(value, spec) or [value]
        found = list(each_row(partial(self._indices, spec=spec), rows))
        width = self._width(found, spec)
        array = np.full((len(found), width), self.pad, spec.numpy)
        for row, indices in zip(array, found, strict=True):
            row[: len(indices)] = indices
        return array.reshape(-1) if len(spec.shape) == 1 else array

    def rows(self, value: Any, spec: TensorSpec) -> list[Any]:
        """See :class:`InputKind`.

        A list without lists is one row, unless each row is one item or all are null.
        """
        if not isinstance(value, list) or not value:
            return []
        several = _is_one(spec) or any(isinstance(row, list) for row in value) or set(map(type, value)) == {type(None)}
        return value if several else []

    def columns(self, spec: TensorSpec) -> tuple[str, ...] | None:
        """See :class:`InputKind`: all items of a row are one cell."""
        return (spec.name,)

    def column_features(self, spec: TensorSpec) -> tuple[Feature, ...] | None:
        """See :class:`InputKind`: the features are the items of a row."""
        return None

    def item_names(self, row: Array, spec: TensorSpec) -> Sequence[str | None]:
        """See :class:`InputKind`."""
        names: list[str | None] = _names_of(spec).of(row.ravel())
        return names

    def blank(self, row: Array, spec: TensorSpec) -> Array:
        """See :class:`InputKind`: a row without items."""
        return np.full_like(row, self.pad)

    def check_tensor(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: indices of names, and the number of padding."""
        wrong = ~(((array >= 0) & (array < _names_of(spec).count)) | (array == self.pad))
        if wrong.any():
            place = np.argwhere(wrong)[0]
            raise refused(self._not_index(array[tuple(place)].item(), spec), spec, place)

    def check_values(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`."""
        self.check_tensor(array, spec)

    def optional_columns(self, spec: TensorSpec) -> Collection[str]:
        """See :class:`InputKind`: a row may have no items."""
        return (spec.name,)

    def column_spec(self, spec: TensorSpec, column: str) -> TensorSpec:
        """See :class:`InputKind`."""
        return spec

    def cell(self, spec: TensorSpec, column: str) -> Cell:
        """See :class:`InputKind`; names are looked up by :meth:`decode`."""
        from lightship.inputs.cells import Cell

        return Cell(_split, f"names with {SEPARATOR} between them", "string")

    def row(self, cells: Sequence[Any], spec: TensorSpec) -> Any:
        """See :class:`InputKind`."""
        return cells[0]

    def decode_cells(self, rows: Sequence[Sequence[Any]], spec: TensorSpec) -> Array:
        """See :class:`InputKind`."""
        return self.decode([row[0] for row in rows], spec)

    def joined(self, parts: Sequence[Array], spec: TensorSpec) -> Array:
        """See :class:`InputKind`: shorter rows are filled up."""
        width = max(part.shape[1] for part in parts) if len(spec.shape) > 1 else 0
        return np.concatenate([self._filled(part, width) if width else part for part in parts])

    def is_nested(self, spec: TensorSpec) -> bool:
        """See :class:`InputKind`: an item may be a name."""
        return False

    def element(self, spec: TensorSpec) -> Schema:
        """See :class:`InputKind`."""
        count = _names_of(spec).count
        name: Schema = {"type": "string", "maxLength": LONGEST, "description": f"one of {count} names"}
        index: Schema = {"type": "integer", "minimum": min(0, self.pad), "maximum": max(count - 1, self.pad)}
        return {"anyOf": [name, index, {"type": "null"}]}

    def schemas(self, spec: TensorSpec) -> list[Schema]:
        """See :class:`InputKind`: fewer items than the tensor has, or none."""
        items: Schema = {"type": "array", "items": self.element(spec), "description": "a list of items"}
        if len(spec.shape) > 1 and spec.shape[1] is not None:
            items["maxItems"] = spec.shape[1]
        return [items, self.element(spec)]

    def encode(self, row: Array, spec: TensorSpec) -> Any | None:
        """Return names, or one name; None where the names are not at hand."""
        if spec.names is None or spec.names.path is None:
            return None
        names = [name for name in self.item_names(row, spec) if name is not None]
        return names[0] if names and _is_one(spec) else names

    def example_cells(self, row: Array, spec: TensorSpec) -> list[Any]:
        """See :class:`InputKind`."""
        found = self.encode(row, spec)
        return [SEPARATOR.join(found) if isinstance(found, list) else found]

    def field(self, spec: TensorSpec) -> FormField:
        """See :class:`InputKind`: the file with the names, and the most items of a row."""
        from lightship.inputs.form import FormField

        names = _names_of(spec)
        most = 1 if _is_one(spec) else spec.shape[1]
        return FormField("items", None, {"names": names.file, "count": names.count, **({"most": most} if most else {})})

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return rows with items of any number, also none, first in each row."""
        count = _names_of(spec).count
        array = sampler.rng.integers(0, count, size=shape)
        array.flat[0] = count - 1  # an embedding with fewer rows than names always fails
        if not _is_one(spec):
            lengths = sampler.rng.integers(0, shape[1] + 1, size=(shape[0], 1))
            lengths[0] = shape[1]
            array = np.where(np.arange(shape[1]) < lengths, array, self.pad)
        elif len(array) > 1:
            array[-1] = self.pad
        return array.astype(spec.numpy)

    def _indices(self, row: Any, spec: TensorSpec) -> list[int]:
        """Return the indices of one row; raises InvalidInput."""
        if row is None:
            return []
        if not isinstance(row, list):
            row = [row]
        most = 1 if _is_one(spec) else spec.shape[1]
        if most is not None and len(row) > most:
            some = "one item is" if most == 1 else f"{most} items are"
            raise InvalidInput(f"{len(row)} items: at most {some} accepted", input=spec.name)
        return [self._index(item, spec) for item in row]

    def _index(self, item: Any, spec: TensorSpec) -> int:
        names = _names_of(spec)
        if isinstance(item, str):
            index = names.indices.get(item.strip())
            if index is None:
                raise InvalidInput(_unknown(item, names), input=spec.name)
            return index
        if item is None:
            return self.pad
        if type(item) is not int:
            raise InvalidInput(f"expected a name, got {json_type(item)}", input=spec.name)
        if -(2**63) <= item < 2**63 and names.indices.get(str(item), item) != item:
            raise InvalidInput(f'{item} is a name, and numbers are indices: send it as text, "{item}"', input=spec.name)
        if not (0 <= item < names.count or item == self.pad):
            raise InvalidInput(self._not_index(item, spec), input=spec.name)
        return item

    def _not_index(self, number: int, spec: TensorSpec) -> str:
        shown = number if abs(number) < 2**64 else "an integer beyond 64 bits"
        return f"{shown} is not an index from 0 to {_names_of(spec).count - 1}, nor {self.pad} for no item"

    def _filled(self, part: Array, width: int) -> Array:
        return np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=self.pad)

    def _width(self, rows: Sequence[Sequence[int]], spec: TensorSpec) -> int:
        """Return the items of each row of the tensor; raises TooLarge."""
        if _is_one(spec):
            return 1
        width = spec.shape[1] or max(1, *map(len, rows))
        if len(rows) * width > _MOST_ENTRIES:
            raise TooLarge(
                f"input '{spec.name}' takes {len(rows)} x {width} numbers, as many in each row as in the longest, and "
                f"{_MOST_ENTRIES} are the most: send fewer rows, and long lists in requests of their own"
            )
        return width


def check_file(name: Any) -> None:
    """Raise InvalidInput unless an option names a file of names."""
    if not isinstance(name, str) or not _FILE.fullmatch(PurePosixPath(name).as_posix()):
        raise InvalidInput(
            f"names must be a text file with one name per line, such as films.txt, not {name!r:.100}; its path has "
            "ASCII letters, digits and . _ - / only"
        )


def _is_one(spec: TensorSpec) -> bool:
    """Return whether a row is one item."""
    return spec.row_shape in ((), (1,))


def _names_of(spec: TensorSpec) -> Names:
    return spec.names or Names("", 0)


def _split(text: str | None) -> list[str]:
    """Return the names in a cell of a table; none where it has no such column."""
    return [name for name in map(str.strip, (text or "").split(SEPARATOR)) if name]


def _unknown(item: str, names: Names) -> str:
    """Return why a name is refused, with names that it may mean."""
    close = names.close_to(item.strip())
    listed = ", ".join(f"'{name[:80]}'" for name in (close or names.values[:_LISTED]))
    return f"there is no item '{item[:80]}': {'similar names are' if close else 'the names are such as'} {listed}"


KIND = Items
