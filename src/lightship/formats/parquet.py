"""Parquet files: split by the footer's metadata, read by row groups.

pyarrow is imported when it is needed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

from lightship.errors import InvalidInput
from lightship.extras import missing_extra
from lightship.formats import parquet_sizes
from lightship.formats.base import FIRST_BLOCK, Header, Row, Span

NAME = "parquet"
SUFFIXES: tuple[str, ...] = (".parquet",)
MEDIA_TYPE = "application/vnd.apache.parquet"

# Size limit of a row group in bytes. A worker reads one at once, and needs six times as much memory to score it.
LARGEST_GROUP = 200 * 1024 * 1024

# Size limit of its decoded rows: text may be longer than the group's metadata says, and null masks are added.
_LARGEST_DECODED = LARGEST_GROUP * 5 // 4

# Rows that are converted to Python objects at a time.
_BATCH = 4096


@dataclass(frozen=True)
class Column:
    """Column to write.

    ``dtype`` is a numpy dtype's name, or string. Values are lists nested ``depth`` deep. Values of ``string`` that are
    not text are written as JSON.
    """

    name: str
    values: Any
    dtype: str = "string"
    depth: int = 0


def plan(file: BinaryIO, *, target: int) -> tuple[Header, list[Span]]:
    """Return the columns of a seekable file, and its spans of row groups.

    A span ``[start, end)`` takes at most ``target`` bytes, or is one row group. Raises InvalidInput for a file that is
    not Parquet, duplicate columns, column names over FIRST_BLOCK bytes in total and a row group over LARGEST_GROUP.
    """
    opened = _open(file)
    columns = tuple(opened.schema_arrow.names)
    if sum(len(column.encode()) + 1 for column in columns) > FIRST_BLOCK:
        raise InvalidInput(f"the names of the Parquet file's columns take more than {FIRST_BLOCK // 1024} KiB")
    if len(set(columns)) < len(columns):
        duplicate = next(column for column in columns if columns.count(column) > 1)
        raise InvalidInput(f"the Parquet file has the column '{duplicate[:80]}' twice: column names must be unique")
    return Header(columns), list(_spans(opened.metadata, target))


def error_rows(span: Span, table: Any, damage: str | None) -> list[Row]:
    """Return the rows of a span that :func:`table` could not read, with the error."""
    return [Row(span.first + index, error=damage) for index in range(table.num_rows, span.rows)] if damage else []


def table(file: BinaryIO, span: Span) -> tuple[Any, str | None]:
    """Return the rows of a span as a ``pyarrow.Table``, and a reading error.

    With an error, the table holds the rows before it. Raises InvalidInput where the decoded rows are much larger than
    LARGEST_GROUP, which depends on the compression and is known only now.
    """
    import pyarrow

    tables, size, damage = [], 0, None
    opened = _open(file)
    schema, groups = opened.schema_arrow, range(span.start, span.end)
    try:
        dictionaries, rows = parquet_sizes.plan_reading(opened, groups, _LARGEST_DECODED)
        opened = _open(file, metadata=opened.metadata, read_dictionary=dictionaries)
        for group in groups:  # one by one: dictionaries are per row group
            for batch in opened.iter_batches(rows, row_groups=[group], use_threads=False):
                size += sum(map(parquet_sizes.decoded_size, batch.columns))
                if size > _LARGEST_DECODED:
                    raise InvalidInput(
                        f"the rows from {span.first} on take over {_LARGEST_DECODED // 2**20} MiB when they are "
                        "decoded: write the file with smaller row groups"
                    )
                tables.append(pyarrow.Table.from_batches([batch]).cast(schema))
    except _unreadable() as error:
        damage = _damage(error)
    return pyarrow.concat_tables(tables) if tables else schema.empty_table(), damage


def rows_of(table: Any, *, first: int) -> Iterator[Row]:
    """Yield the rows of a ``pyarrow.Table`` as Python values by column.

    A row with a value that Python cannot represent (text that is not UTF-8, a date out of range) has an error.
    """
    for batch in table.to_batches(max_chunksize=_BATCH):
        try:
            yield from (Row(number, cells) for number, cells in enumerate(batch.to_pylist(), start=first))
        except (ValueError, OverflowError):
            yield from (_row(batch.slice(index, 1), first + index) for index in range(batch.num_rows))
        first += batch.num_rows


def cell(scalar: Any) -> Any:
    """Return a ``pyarrow.Scalar`` as a Python value, or a text if that is impossible."""
    try:
        return number(scalar.as_py())
    except (ValueError, OverflowError):
        return f"({scalar.type} that cannot be read)"


def without_decimals(table: Any) -> Any:
    """Return a ``pyarrow.Table`` with its decimals as numbers that models accept.

    Columns without a fraction become int64 or uint64, and stay decimals where neither holds every value (see
    :func:`number`); all others become float64.
    """
    import pyarrow

    for index, field in enumerate(table.schema):
        if pyarrow.types.is_decimal(field.type):
            table = table.set_column(index, field.name, _of_decimals(table.column(index)))
    return table


def number(value: Any) -> Any:
    """Return a decimal as an integer of up to 64 bits or a float, as JSON readers do.

    Any other value is unchanged.
    """
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() and -(2**63) <= value < 2**64 else float(value)


def to_bytes(table: Any) -> bytes:
    """Return a ``pyarrow.Table`` as a file with one row group.

    With the same version of pyarrow, equal tables give equal bytes.
    """
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(table, file, row_group_size=max(1, table.num_rows))
    return file.getvalue()


def build(columns: Sequence[Column]) -> bytes:
    """Return a file with one row group.

    Its schema depends on names, dtypes and depths alone, not on the values.
    """
    import pyarrow

    return to_bytes(pyarrow.table({column.name: array(column) for column in columns}))


def array(column: Column) -> Any:
    """Return a column as a ``pyarrow.Array``."""
    import pyarrow

    kind = pyarrow.type_for_alias(column.dtype)
    for _ in range(column.depth):
        kind = pyarrow.list_(kind)
    values = column.values
    if column.dtype == "string" and not column.depth:
        values = [_text(value) for value in values]
    return pyarrow.array(values, kind)


def preamble(columns: Sequence[str], *, safe: bool = False) -> bytes:
    """Return no bytes: every part is a file of its own."""
    return b""


def _of_decimals(column: Any) -> Any:
    import pyarrow

    if column.type.scale > 0:
        return column.cast(pyarrow.float64())
    for kind in (pyarrow.int64(), pyarrow.uint64()):
        try:
            return column.cast(kind)
        except pyarrow.ArrowInvalid:  # a value is out of range
            continue
    return column


def _open(file: BinaryIO, **options: Any) -> Any:
    try:
        from pyarrow import parquet
    except ImportError:
        raise missing_extra("events", "Parquet") from None
    try:
        return parquet.ParquetFile(file, memory_map=False, **options)
    except _unreadable() as error:
        raise InvalidInput(f"the file is not Parquet: {_damage(error)}") from None


def _unreadable() -> tuple[type[Exception], ...]:
    import pyarrow

    return (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, OSError)


def _damage(error: Exception) -> str:
    """Return the error message for a damaged file.

    Raises errors of the disk or the network, which have an errno, again.
    """
    if isinstance(error, OSError) and (type(error) is not OSError or error.errno is not None):
        raise error
    return f"it is damaged, or uses features that pyarrow does not support ({str(error).partition(chr(10))[0][:200]})"


def _row(batch: Any, number: int) -> Row:
    try:
        return Row(number, batch.to_pylist()[0])
    except (ValueError, OverflowError) as error:
        return Row(number, error=f"a value cannot be read: {error}")


def _spans(metadata: Any, target: int) -> Iterator[Span]:
    start = first = 0
    size = rows = 0
    for index, weight in enumerate(parquet_sizes.weights(metadata)):
        if weight > LARGEST_GROUP:
            raise InvalidInput(
                f"row group {index} of the Parquet file takes {weight // 2**20} MiB, "
                f"the limit is {LARGEST_GROUP // 2**20} MiB: write the file with smaller row groups"
            )
        if rows and size + weight > target:
            yield Span(start, index, first + 1, rows)
            start, first, size, rows = index, first + rows, 0, 0
        size, rows = size + weight, rows + metadata.row_group(index).num_rows
    if rows:
        yield Span(start, metadata.num_row_groups, first + 1, rows)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
