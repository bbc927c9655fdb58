"""Checks of the operators in a subgraph, and of the subgraphs that they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lightship.compiler.sources.tflite.verifier.flatbuffer import BrokenFile, Table
from lightship.compiler.sources.tflite.verifier.layout import layouts, names_by_number
from lightship.compiler.sources.tflite.verifier.tensors import elements, is_constant
from lightship.tensors import Array

MAX_OPERANDS = 1_000_000

# Operators with optional inputs (index -1): the other kernels of LiteRT do not check for a missing input.
OPTIONAL_INPUTS = frozenset({
    "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN", "CONV_2D", "CONV_3D", "CONV_3D_TRANSPOSE",
    "CUSTOM", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "LSTM", "SVDF", "TRANSPOSE_CONV",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
})  # fmt: skip


@dataclass(frozen=True)
class Operator:
    """One operator.

    ``name`` is its builtin name or CUSTOM; ``inputs`` and ``outputs`` are indices of tensors, ``subgraphs`` of the
    subgraphs that it runs.
    """

    name: str
    inputs: Array
    outputs: Array
    subgraphs: tuple[int, ...]


def operator_names(codes: Sequence[Table]) -> list[str]:
    """Return the builtin name of each operator code.

    Raises BrokenFile for a number without a name.
    """
    names_by_code = names_by_number("BuiltinOperator")
    numbers = [max(code.number("builtin_code"), code.number("deprecated_builtin_code")) for code in codes]
    for number in numbers:
        if number not in names_by_code:
            raise BrokenFile(f"it has the operator number {number}, which LiteRT does not have")
    return [names_by_code[number] for number in numbers]


def check_operators(subgraph: Table, names: Sequence[str], buffers: Sequence[Table], where: str) -> list[Operator]:
    """Check the operators of a subgraph and return them in order.

    Its tensors must have been checked. Raises BrokenFile.
    """
    tensors = subgraph.tables("tensors")
    ready = _ready(subgraph, buffers, where)
    constant = {index for index, tensor in enumerate(tensors) if is_constant(tensor, buffers)}
    operators, operands = [], 0
    for index, table in enumerate(subgraph.tables("operators")):
        subject = f"operator {index} of {where}"
        operator = _operator(table, names, subject)
        operands += len(operator.inputs) + len(operator.outputs)
        if operands > MAX_OPERANDS:
            raise BrokenFile(f"{where} has more than {MAX_OPERANDS} operands")
        _check_inputs(operator, ready, len(tensors), subject)
        check_indices(table.numbers("intermediates"), len(tensors), f"an intermediate tensor of {subject}", minimum=-1)
        check_indices(operator.outputs, len(tensors), f"an output of {subject}")
        outputs = set(operator.outputs.tolist())
        if outputs & constant:
            raise BrokenFile(f"{subject} writes to a constant tensor")
        ready |= outputs
        operators.append(operator)
    if missing := [index for index in subgraph.numbers("outputs").tolist() if index not in ready]:
        raise BrokenFile(f"output tensor {missing[0]} of {where} is not computed by any operator")
    return operators


def check_indices(indices: Array, count: int, subject: str, *, minimum: int = 0) -> None:
    """Raise BrokenFile unless each index is at least ``minimum`` and below ``count``."""
    if len(indices) and (indices.min() < minimum or indices.max() >= count):
        raise BrokenFile(f"{subject} has an index that is not at least {minimum} and below {count}")


def check_calls(calls: Mapping[int, Sequence[int]]) -> None:
    """Raise BrokenFile where a subgraph runs itself or one that does not exist.

    Also where it runs itself through others.
    """
    checked: set[int] = set()
    for start in calls:
        pending, path = [(start, False)], list[int]()
        active: set[int] = set()
        while pending:
            subgraph, leaving = pending.pop()
            if leaving:
                active.discard(path.pop())
                checked.add(subgraph)
            elif subgraph in active:
                raise BrokenFile(f"subgraph {subgraph} runs itself")
            elif subgraph not in checked:
                if subgraph not in calls:
                    raise BrokenFile(f"an operator runs subgraph {subgraph}, but the file has {len(calls)}")
                active.add(subgraph)
                path.append(subgraph)
                pending.append((subgraph, True))
                pending.extend((callee, False) for callee in calls[subgraph])


def _ready(subgraph: Table, buffers: Sequence[Table], where: str) -> set[int]:
    """Return the tensors with values before the first operator runs.

    Raises BrokenFile for impossible inputs.
    """
    tensors, inputs = subgraph.tables("tensors"), subgraph.numbers("inputs")
    check_indices(inputs, len(tensors), f"an input of {where}")
    check_indices(subgraph.numbers("outputs"), len(tensors), f"an output of {where}")
    given = set(inputs.tolist())
    for index, tensor in enumerate(tensors):
        constant = is_constant(tensor, buffers)
        if constant and index in given:
            raise BrokenFile(f"input tensor {index} of {where} has constant data")
        if constant or tensor.number("is_variable") or elements(tensor) == 0:
            given.add(index)
    return given


def _check_inputs(operator: Operator, ready: set[int], count: int, subject: str) -> None:
    check_indices(operator.inputs, count, f"an input of {subject}", minimum=-1)
    for index in operator.inputs.tolist():
        if index < 0 and operator.name not in OPTIONAL_INPUTS:
            raise BrokenFile(f"{subject} ({operator.name}) lacks a required input")
        if index >= 0 and index not in ready:
            raise BrokenFile(f"{subject} ({operator.name}) reads tensor {index} before it has a value")


def _operator(table: Table, names: Sequence[str], subject: str) -> Operator:
    code = table.number("opcode_index")
    if code >= len(names):
        raise BrokenFile(f"{subject} names operator code {code}, but the file has {len(names)}")
    subgraphs = tuple(_subgraphs(table, names[code], subject))
    return Operator(names[code], table.numbers("inputs"), table.numbers("outputs"), subgraphs)


def _subgraphs(table: Table, name: str, subject: str) -> Iterator[int]:
    """Yield the subgraphs that an operator runs.

    Raises BrokenFile where the options are missing, because LiteRT then takes subgraph 0 for all of them.
    """
    expected = _control_flow().get(name)
    if expected is None:
        return
    options = next((found for field in ("builtin_options", "builtin_options2") if (found := table.table(field))), None)
    if options is None or options.name != expected[0]:
        raise BrokenFile(f"{subject} ({name}) does not say which subgraph it runs")
    for field in expected[1]:
        yield from np.atleast_1d(options.fields.get(field, 0)).tolist()


@cache
def _control_flow() -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Return the options of each operator that runs subgraphs.

    They are the name of the options table and its fields with indices of subgraphs.
    """
    tables = {name.lower(): name for name in layouts()}
    found = {}
    for operator in names_by_number("BuiltinOperator").values():
        table = tables.get(operator.replace("_", "").lower() + "options", "")
        fields = [name for name, field in layouts().get(table, {}).items() if "subgraph" in name]
        if fields:
            found[operator] = (table, tuple(fields))
    return found
