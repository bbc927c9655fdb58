"""Verification of a .tflite file before any interpreter opens it.

The flatbuffer is verified first, then the model in it. Weights are not read: the time depends on the number of tensors
and operators, not on their size.
"""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.compiler.sources.tflite.verifier.flatbuffer import BrokenFile, Table, read
from lightship.compiler.sources.tflite.verifier.operators import (
    Operator,
    check_calls,
    check_indices,
    check_operators,
    operator_names,
)
from lightship.compiler.sources.tflite.verifier.tensors import check_tensors, elements, is_constant

__all__ = ["BrokenFile", "Outline", "outline", "printable"]

VERSION = 3
MAX_SUBGRAPHS = 1000
MAX_TENSORS = 100_000


@dataclass(frozen=True)
class Outline:
    """Summary of a verified file.

    Attributes:
        operators: the number of occurrences of each builtin operator.
        custom: names of the custom operators, sorted.
        signatures: the number of each signature's subgraph, by its name.
        quantised: whether any tensor has a scale, so that kernels may differ by one quantisation step.
        multiplications: estimate for one call with the shapes in the file.
    """

    operators: Counter[str]
    custom: tuple[str, ...]
    signatures: Mapping[str, int]
    quantised: bool
    multiplications: int


def outline(path: Path) -> Outline:
    """Verify a file and return its outline; raises BrokenFile."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise BrokenFile("it is empty")
        return _outline(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _outline(data: Any) -> Outline:
    model = read(data, "Model")
    if model.number("version") != VERSION:
        raise BrokenFile(f"its schema has version {model.number('version')}, not {VERSION}")
    buffers, subgraphs = model.tables("buffers"), model.tables("subgraphs")
    _check_buffers(model, len(data))
    _check_counts(subgraphs)
    names = operator_names(model.tables("operator_codes"))
    operators: dict[int, list[Operator]] = {}
    for index, subgraph in enumerate(subgraphs):
        where = f"subgraph {index}"
        check_tensors(subgraph.tables("tensors"), buffers, where)
        operators[index] = check_operators(subgraph, names, buffers, where)
    check_calls({index: [callee for each in found for callee in each.subgraphs] for index, found in operators.items()})
    signatures = _signatures(model)
    _check_metadata(model)
    tensors = [tensor for subgraph in subgraphs for tensor in subgraph.tables("tensors")]
    return Outline(
        operators=Counter(each.name for found in operators.values() for each in found),
        custom=tuple(sorted({code.text("custom_code") for code in model.tables("operator_codes")} - {""})),
        signatures=signatures,
        quantised=any(_has_scale(tensor) for tensor in tensors),
        multiplications=sum(_multiplications(subgraphs[index], buffers, found) for index, found in operators.items()),
    )


def printable(name: str) -> str:
    """Return a name from the file in at most 80 plain characters for a message."""
    return re.sub(r"[^\w.:/ -]", "?", name)[:80]


def _check_counts(subgraphs: Sequence[Table]) -> None:
    if not 0 < len(subgraphs) <= MAX_SUBGRAPHS:
        raise BrokenFile(f"it has {len(subgraphs)} subgraphs, expected 1 to {MAX_SUBGRAPHS}")
    if sum(len(subgraph.tables("tensors")) for subgraph in subgraphs) > MAX_TENSORS:
        raise BrokenFile(f"it has more than {MAX_TENSORS} tensors")


def _check_buffers(model: Table, size: int) -> None:
    """Check the data behind the flatbuffer; raises BrokenFile.

    External buffers, which are in other files, are refused.
    """
    if model.tables("external_buffers") or model.tables("external_buffer_groups"):
        raise BrokenFile("its weights are in other files: give one file that contains everything")
    for index, buffer in enumerate(model.tables("buffers")):
        offset = buffer.number("offset")
        if offset > 1 and offset + buffer.number("size") > size:  # 0 and 1: the data is inside the flatbuffer
            raise BrokenFile(f"buffer {index} points outside the file")
    for subgraph in model.tables("subgraphs"):
        for operator in subgraph.tables("operators"):
            if operator.number("large_custom_options_offset") + operator.number("large_custom_options_size") > size:
                raise BrokenFile("the options of a custom operator point outside the file")


def _signatures(model: Table) -> dict[str, int]:
    """Check the signatures and return the number of each one's subgraph."""
    subgraphs = model.tables("subgraphs")
    names = [signature.text("signature_key") for signature in model.tables("signature_defs")]
    if "" in names or len(set(names)) != len(names):
        raise BrokenFile("a signature has no name, or two have the same")
    found = {}
    for name, signature in zip(names, model.tables("signature_defs"), strict=True):
        subject = f"signature '{printable(name)}'"
        number = found[name] = signature.number("subgraph_index")
        if number >= len(subgraphs):
            raise BrokenFile(f"{subject} names subgraph {number}, but the file has {len(subgraphs)}")
        for side in ("inputs", "outputs"):
            _check_side(signature.tables(side), set(subgraphs[number].numbers(side).tolist()), f"{subject}, {side}")
    return found


def _check_side(entries: Sequence[Table], tensors: set[int], subject: str) -> None:
    names = [entry.text("name") for entry in entries]
    if "" in names or len(set(names)) != len(names):
        raise BrokenFile(f"{subject}: a tensor has no name, or two have the same")
    if any(entry.number("tensor_index") not in tensors for entry in entries):
        raise BrokenFile(f"{subject}: a tensor is not one of its subgraph's {subject.rpartition(' ')[2]}")


def _check_metadata(model: Table) -> None:
    count = len(model.tables("buffers"))
    check_indices(model.numbers("metadata_buffer"), count, "its metadata")
    if any(entry.number("buffer") >= count for entry in model.tables("metadata")):
        raise BrokenFile(f"its metadata names a buffer that is not below {count}")


def _has_scale(tensor: Table) -> bool:
    quantisation = tensor.table("quantization")
    return quantisation is not None and len(quantisation.numbers("scale")) > 0


def _multiplications(subgraph: Table, buffers: Sequence[Table], operators: Sequence[Operator]) -> int:
    """Return the multiplications of all operators with constant weights.

    Each position of an output uses all weights.
    """
    tensors, total = subgraph.tables("tensors"), 0
    for operator in operators:
        weights = [tensors[index] for index in operator.inputs.tolist() if index >= 0]
        size = max((elements(tensor) for tensor in weights if is_constant(tensor, buffers)), default=0)
        for index in operator.outputs.tolist():
            shape = tensors[index].numbers("shape")
            total += size * max(1, elements(tensors[index])) // max(1, int(shape[-1]) if len(shape) else 1)
    return total
