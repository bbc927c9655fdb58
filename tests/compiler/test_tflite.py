"""Verifier of .tflite files, which refuses broken files before they are run."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from lightship.compiler.sources.tflite.verifier import BrokenFile, outline
from lightship.compiler.sources.tflite.verifier.layout import layouts, names_by_number
from tests.emulator import EXAMPLES

QUICKSTART = EXAMPLES / "quickstart" / "1" / "model.tflite"
DIGITS = EXAMPLES / "digits" / "1" / "model.tflite"

Change = Callable[[Any], None]


def edited(*changes: Change, source: Path = QUICKSTART) -> bytes:
    """Return an example model with changes of its objects."""
    model = schema.ModelT.InitFromPackedBuf(source.read_bytes(), 0)
    for change in changes:
        change(model)
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def graph(model: Any) -> Any:
    return model.subgraphs[0]


def weights(model: Any) -> Any:
    """Return the first constant tensor with two dimensions."""
    return next(t for t in graph(model).tensors if model.buffers[t.buffer].data is not None and len(t.shape) == 2)


def operator(model: Any, name: str) -> Any:
    """Return the first operator with this builtin name."""
    codes = [
        names_by_number("BuiltinOperator")[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in model.operatorCodes
    ]
    return next(each for each in graph(model).operators if codes[each.opcodeIndex] == name)


def write(target: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(target, name, value)


def call_own_subgraph(model: Any) -> None:
    """Make the last operator a WHILE whose body is its own subgraph."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.WHILE
    model.operatorCodes.append(code)
    last = graph(model).operators[-1]
    last.opcodeIndex = len(model.operatorCodes) - 1
    last.builtinOptionsType = schema.BuiltinOptions.WhileOptions
    last.builtinOptions = schema.WhileOptionsT()


def external(model: Any) -> None:
    group = schema.ExternalBufferGroupT()
    group.name = "/etc/passwd"
    model.externalBufferGroups = [group]


def quantise(tensor: Any, scales: list[float], zeros: list[int], axis: int) -> None:
    quantisation = schema.QuantizationParametersT()
    write(quantisation, scale=scales, zeroPoint=zeros, quantizedDimension=axis)
    tensor.quantization = quantisation


BROKEN: dict[str, Change] = {
    "version": lambda m: write(m, version=4),
    "no subgraph": lambda m: write(m, subgraphs=[]),
    "buffer of a tensor": lambda m: write(weights(m), buffer=999),
    "negative size": lambda m: write(weights(m), shape=[-1, 8]),
    "huge size": lambda m: write(graph(m).tensors[0], shape=[2**31 - 1, 2**31 - 1]),
    "too many dimensions": lambda m: write(graph(m).tensors[0], shape=[1] * 40),
    "shape_signature": lambda m: write(graph(m).tensors[0], shapeSignature=[-2, 3]),
    "too little data": lambda m: write(weights(m), shape=[64, 64]),
    "dtype": lambda m: write(weights(m), type=99),
    "scales": lambda m: quantise(weights(m), [0.1, 0.2], [0, 0], 0),
    "quantised dimension": lambda m: quantise(weights(m), [0.1] * 8, [0] * 8, 7),
    "zero points": lambda m: quantise(weights(m), [0.1] * 8, [0] * 3, 0),
    "scale that is no number": lambda m: quantise(weights(m), [float("nan")], [0], 0),
    "operator code": lambda m: write(graph(m).operators[0], opcodeIndex=99),
    "unknown operator": lambda m: write(m.operatorCodes[0], builtinCode=9999),
    "operator input": lambda m: write(graph(m).operators[0], inputs=[0, 999]),
    "operator input below -1": lambda m: write(graph(m).operators[0], inputs=[0, -2]),
    "missing input": lambda m: write(operator(m, "LOGISTIC"), inputs=[-1]),
    "operator output": lambda m: write(graph(m).operators[0], outputs=[999]),
    "missing output": lambda m: write(graph(m).operators[0], outputs=[-1]),
    "intermediate": lambda m: write(graph(m).operators[0], intermediates=[999]),
    "constant written": lambda m: write(
        graph(m).operators[0], outputs=[graph(m).tensors.index(weights(m)), *graph(m).operators[0].outputs]
    ),
    "read before computed": lambda m: graph(m).operators.reverse(),
    "output that is not computed": lambda m: graph(m).operators.pop(),
    "subgraph input": lambda m: write(graph(m), inputs=[999]),
    "subgraph output": lambda m: write(graph(m), outputs=[-1]),
    "constant input": lambda m: (
        graph(m).inputs.append(graph(m).tensors.index(weights(m)))
        if isinstance(graph(m).inputs, list)
        else write(graph(m), inputs=[*graph(m).inputs, graph(m).tensors.index(weights(m))])
    ),
    "signature's subgraph": lambda m: write(m.signatureDefs[0], subgraphIndex=7),
    "signature's tensor": lambda m: write(m.signatureDefs[0].inputs[0], tensorIndex=5),
    "signature twice": lambda m: m.signatureDefs.append(m.signatureDefs[0]),
    "signature's nameless input": lambda m: write(m.signatureDefs[0].inputs[0], name=""),
    "name with a zero byte": lambda m: write(m.signatureDefs[0], signatureKey="\0serving"),
    "metadata's buffer": lambda m: write(m.metadata[0], buffer=999),
    "recursion": call_own_subgraph,
    "WHILE without options": lambda m: (call_own_subgraph(m), write(graph(m).operators[-1], builtinOptions=None))[0],
    "external buffers": external,
    "buffer behind the file": lambda m: write(m.buffers[1], data=None, offset=4096, size=2**40),
}


def verify(path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    return outline(path)


@pytest.mark.parametrize("change", BROKEN)
def test_outline_of_broken_model_is_refused(tmp_path: Path, change: str) -> None:
    with pytest.raises(BrokenFile):
        verify(tmp_path / "model.tflite", edited(BROKEN[change]))


def test_outline_error_escapes_name_from_file(tmp_path: Path) -> None:
    def rename(model: Any) -> None:
        write(model.signatureDefs[0], signatureKey="a\nTraceback: \x1b[31m" + "b" * 1000, subgraphIndex=7)

    with pytest.raises(BrokenFile) as error:
        verify(tmp_path / "model.tflite", edited(rename))
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 200


def test_outline_of_repacked_model_passes(tmp_path: Path) -> None:
    found = verify(tmp_path / "model.tflite", edited())
    assert found.operators["FULLY_CONNECTED"] >= 2
    assert (found.custom, found.quantised) == ((), False)
    assert found.multiplications > 0


def test_outline_of_truncated_file_is_refused_at_any_length(tmp_path: Path) -> None:
    content = QUICKSTART.read_bytes()
    for length in range(0, len(content) - 4, 4):
        with pytest.raises(BrokenFile):
            verify(tmp_path / "model.tflite", content[:length])


@pytest.mark.parametrize("word", [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_outline_with_changed_word_raises_only_broken_file(tmp_path: Path, word: int) -> None:
    content = QUICKSTART.read_bytes()
    refused = 0
    for offset in range(0, len(content) - 3, 4):
        changed = bytearray(content)
        struct.pack_into("<I", changed, offset, word)
        try:
            verify(tmp_path / "model.tflite", bytes(changed))
        except BrokenFile:
            refused += 1
    assert refused > 100


def test_outline_allows_bytes_after_flatbuffer(tmp_path: Path) -> None:
    verify(tmp_path / "model.tflite", QUICKSTART.read_bytes() + b"PK\5\6" + bytes(18))


def test_outline_does_not_read_weights(tmp_path: Path) -> None:
    """Verify a sparse file with 3 GiB of weights behind the flatbuffer."""
    path, size = tmp_path / "model.tflite", 3 * 1024**3
    shape = [size // 4 // 1024, 256]

    def enlarge(model: Any) -> None:
        tensor = weights(model)
        write(tensor, shape=shape, shapeSignature=None)
        write(model.buffers[tensor.buffer], data=None, offset=4096, size=shape[0] * shape[1] * 4)

    path.write_bytes(edited(enlarge))
    with path.open("r+b") as file:
        file.truncate(size)
    start = time.monotonic()
    outline(path)
    assert time.monotonic() - start < 1.0


def test_outline_with_million_offsets_to_one_table_is_refused_quickly(tmp_path: Path) -> None:
    """Verify a vector of a million offsets to the same table."""
    count = 1_000_000
    root = struct.pack("<I4sHHHHI", 16, b"TFL3", 0, 0, 0, 0, 0)
    vtable = struct.pack("<HHHHH", 10, 12, 4, 8, 0)
    head = bytearray(root[:8] + vtable + bytes(2))
    table = len(head)
    struct.pack_into("<I", head, 0, table)
    head += struct.pack("<iII", table - 8, 3, 4)  # vtable, version, operator_codes
    head += struct.pack("<I", count)
    start = len(head)
    offsets = np.arange(start + 4 * count, start, -4, dtype="<u4")
    code_vtable = start + 4 * count
    offsets += 4  # the table behind its vtable
    content = bytes(head) + offsets.tobytes() + struct.pack("<HH", 4, 4) + struct.pack("<i", 4)
    assert code_vtable % 4 == 0
    begun = time.monotonic()
    with pytest.raises(BrokenFile, match="entries"):
        verify(tmp_path / "model.tflite", content)
    assert time.monotonic() - begun < 5.0


def test_layouts_contain_every_table_and_union_of_litert() -> None:
    tables = layouts()
    assert {"Model", "SubGraph", "Tensor", "Operator", "Buffer", "SignatureDef"} <= tables.keys()
    for layout in tables.values():
        for field in layout.values():
            assert not field.table or field.table in tables
            assert all(name in tables for number, name in (field.union or {}).items() if number)
