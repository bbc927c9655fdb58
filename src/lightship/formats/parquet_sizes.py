"""What rows of Parquet take in memory: a few bytes of a file may stand for gigabytes of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

# How a column says each text once and repeats its number, and what such a column may have beside that.
_CODED = {"RLE_DICTIONARY", "PLAIN_DICTIONARY"}
_BESIDE = _CODED | {"PLAIN", "RLE", "BIT_PACKED"}

# Rows that are read at a time, and how few where a file does not tell texts that repeat from others.
_MOST_ROWS = 65_536
_FEWEST_ROWS = 256

# Bytes of a value that is not as many as rows are.
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4}


def weights(metadata: Any) -> Iterator[int]:
    """Bytes that each row group takes by what the file says: all of them, or those of its values, however well packed.

    A value is 8 bytes, its type's in lists, its length where it has a fixed one; text counts as what is written of it.
    """
    columns = list(map(metadata.schema.column, range(metadata.num_columns)))
    widths = {
        place: max(column.length or 0, _WIDTHS.get(column.physical_type, 8))
        for place, column in enumerate(columns)
        if column.max_repetition_level or column.physical_type == "FIXED_LEN_BYTE_ARRAY"
    }
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        values = 8 * group.num_rows * (group.num_columns - len(widths))
        values += sum(width * group.column(place).num_values for place, width in widths.items())
        yield max(int(group.total_byte_size), values)


def reading(opened: Any, groups: Sequence[int], limit: int) -> tuple[list[str], int]:
    """How to read row groups of a ``ParquetFile`` without unpacking more than about ``limit`` bytes at a time.

    Returns the columns to be read as dictionaries, whose size is known before they are unpacked, and how many rows to
    read at a time. Few, where columns repeat text in another way: of those no text is longer than all that is written.
    """
    metadata = opened.metadata
    coded, unknown = [], 0
    for place in range(metadata.num_columns):
        column = metadata.schema.column(place)
        if column.physical_type != "BYTE_ARRAY":
            continue
        chunks = [metadata.row_group(index).column(place) for index in groups]
        encodings = {encoding for chunk in chunks for encoding in chunk.encodings}
        view = "_view" in str(opened.schema_arrow.field(column.path.partition(".")[0]).type)  # no dictionary becomes it
        if encodings & _CODED and encodings <= _BESIDE and not view:
            coded.append(column.path)
        elif encodings - {"PLAIN", "RLE", "BIT_PACKED"}:
            unknown += max(chunk.total_uncompressed_size for chunk in chunks)
    return coded, _MOST_ROWS if not unknown else min(max(limit // (4 * unknown), _FEWEST_ROWS), _MOST_ROWS)


def unpacked(array: Any) -> int:
    """Bytes that an array of Arrow's takes when every value of its dictionaries stands where it is meant."""
    from pyarrow import compute, types

    kind = array.type
    if types.is_dictionary(kind) and _is_text(kind.value_type):
        lengths = compute.binary_length(array.dictionary).take(array.indices)
        return 8 * len(array) + int(compute.sum(lengths).as_py() or 0)
    if types.is_map(kind):
        first, last = (array.offsets[place].as_py() for place in (0, -1))
        return sum(unpacked(part.slice(first, last - first)) for part in (array.keys, array.items))
    if types.is_struct(kind):
        return sum(map(unpacked, array.flatten()))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return 8 * len(array) + unpacked(array.flatten())
    return int(array.nbytes)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(test(kind) for test in tests)
