"""Sizes of Parquet rows in memory: a few bytes may decode to gigabytes of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

# Dictionary encodings, and all encodings that a dictionary-encoded column may have.
_DICTIONARY = {"RLE_DICTIONARY", "PLAIN_DICTIONARY"}
_WITH_DICTIONARY = _DICTIONARY | {"PLAIN", "RLE", "BIT_PACKED"}

# Rows read at a time, and the minimum where the metadata does not bound the size of repeated text.
_MOST_ROWS = 65_536
_FEWEST_ROWS = 256

# Bytes of a value in lists, whose number of values differs from that of rows.
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4}


def weights(metadata: Any) -> Iterator[int]:
    """Yield the size of each row group in bytes, by the file's metadata.

    It is the larger of the encoded size and the size of the values. A value takes 8 bytes; in lists, the width of its
    type; of fixed-length types, their length. Text counts by its encoded size.
    """
    columns = list(map(metadata.schema.column, range(metadata.num_columns)))
    widths = {
        index: max(column.length or 0, _WIDTHS.get(column.physical_type, 8))
        for index, column in enumerate(columns)
        if column.max_repetition_level or column.physical_type == "FIXED_LEN_BYTE_ARRAY"
    }
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        values = 8 * group.num_rows * (group.num_columns - len(widths))
        values += sum(width * group.column(index).num_values for index, width in widths.items())
        yield max(int(group.total_byte_size), values)


def plan_reading(opened: Any, groups: Sequence[int], limit: int) -> tuple[list[str], int]:
    """Return how to read row groups with about ``limit`` decoded bytes at most.

    Returns the columns to read as dictionaries, whose size is known before they are decoded, and the number of rows to
    read at a time. That number is small where columns repeat text by another encoding: there the only bound on the
    length of a text is the column's encoded size.
    """
    metadata = opened.metadata
    dictionaries, unknown = [], 0
    for index in range(metadata.num_columns):
        column = metadata.schema.column(index)
        if column.physical_type != "BYTE_ARRAY":
            continue
        chunks = [metadata.row_group(group).column(index) for group in groups]
        encodings = {encoding for chunk in chunks for encoding in chunk.encodings}
        view = "_view" in str(opened.schema_arrow.field(column.path.partition(".")[0]).type)  # not from dictionaries
        if encodings & _DICTIONARY and encodings <= _WITH_DICTIONARY and not view:
            dictionaries.append(column.path)
        elif encodings - {"PLAIN", "RLE", "BIT_PACKED"}:
            unknown += max(chunk.total_uncompressed_size for chunk in chunks)
    return dictionaries, _MOST_ROWS if not unknown else min(max(limit // (4 * unknown), _FEWEST_ROWS), _MOST_ROWS)


def decoded_size(array: Any) -> int:
    """Return the size of an Arrow array in bytes when its dictionaries are decoded."""
    from pyarrow import compute, types

    kind = array.type
    if types.is_dictionary(kind) and _is_text(kind.value_type):
        lengths = compute.binary_length(array.dictionary).take(array.indices)
        return 8 * len(array) + int(compute.sum(lengths).as_py() or 0)
    if types.is_map(kind):
        first, last = (array.offsets[index].as_py() for index in (0, -1))
        return sum(decoded_size(part.slice(first, last - first)) for part in (array.keys, array.items))
    if types.is_struct(kind):
        return sum(map(decoded_size, array.flatten()))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return 8 * len(array) + decoded_size(array.flatten())
    return int(array.nbytes)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(test(kind) for test in tests)
