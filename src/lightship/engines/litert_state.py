"""Detection of .tflite files that change variables or tables when they run.

LiteRT keeps resource variables (VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE) and tables in the interpreter, from one
call to the next, and has no Python call that resets them.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

# BuiltinOperator of LiteRT's schema.fbs.
_CALL_ONCE = 129
_HASHTABLE_IMPORT = 138
_ASSIGN_VARIABLE = 144
_CHANGES = frozenset({_HASHTABLE_IMPORT, _ASSIGN_VARIABLE})

# Fields of the tables Model and OperatorCode of schema.fbs.
_OPERATOR_CODES = 1
_OLD_BUILTIN_CODE = 0
_BUILTIN_CODE = 3


def keeps_state(path: Path) -> bool:
    """Return whether a call can change what a later call reads.

    Initialisation by CALL_ONCE is not a change: it runs once for each interpreter. Returns True, the safe value, for a
    file that cannot be read.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if not _CHANGES.intersection(_operator_codes(content)):
                return False
    except (struct.error, ValueError):  # an empty file cannot be mapped
        return True
    return _changes_outside_of_initialisation(path.read_bytes())


def _operator_codes(content: mmap.mmap) -> Iterator[int]:
    """Yield a file's builtin operators; the schema would take 25 ms to import."""
    (root,) = struct.unpack_from("<I", content, 0)
    codes = _field(content, root, _OPERATOR_CODES)
    if not codes:
        return
    vector = codes + _at("<I", content, codes)
    for position in range(vector + 4, vector + 4 + 4 * min(_at("<I", content, vector), len(content)), 4):
        table = position + _at("<I", content, position)
        old, new = (_field(content, table, field) for field in (_OLD_BUILTIN_CODE, _BUILTIN_CODE))
        yield max(_at("<b", content, old) if old else 0, _at("<i", content, new) if new else 0)


def _field(content: mmap.mmap, table: int, field: int) -> int:
    """Return the position of a table's field; 0 where the table lacks it."""
    vtable = table - _at("<i", content, table)
    if 4 + 2 * field >= _at("<H", content, vtable):
        return 0
    offset = _at("<H", content, vtable + 4 + 2 * field)
    return table + offset if offset else 0


def _at(layout: str, content: mmap.mmap, position: int) -> int:
    if position < 0:
        raise struct.error("an offset points before the start of the file")
    value: int = struct.unpack_from(layout, content, position)[0]
    return value


def _changes_outside_of_initialisation(content: bytes) -> bool:
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        codes = [max(code.deprecatedBuiltinCode, code.builtinCode) for code in model.operatorCodes]
        served = {0, *(entry.subgraphIndex for entry in model.signatureDefs or [])}
        once, changing = set[int](), set[int]()
        for number, graph in enumerate(model.subgraphs):
            for operator in graph.operators or []:
                code = codes[operator.opcodeIndex]
                if code == _CALL_ONCE:
                    once.add(operator.builtinOptions.initSubgraphIndex)
                elif code in _CHANGES:
                    changing.add(number)
    except (struct.error, IndexError, TypeError, ValueError, AttributeError):
        return True
    return bool(changing - (once - served))
