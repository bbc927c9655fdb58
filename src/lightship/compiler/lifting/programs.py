"""Preprocessing program of a cut: steps, constants and names of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lightship.compiler.lifting.cut import Cut, origin
from lightship.compiler.lifting.translation import Translated
from lightship.preprocessing import Program
from lightship.preprocessing.builder import ProgramBuilder
from lightship.tensors import Array

Tables = Mapping[str, tuple[Array, Array]]  # keys and values by placeholder
_NAME = "v"  # of all values: short, because the manifest lists them


def program_of(cut: Cut, inputs: Mapping[str, str], tables: Tables, outputs: Mapping[str, Any]) -> Program:
    """Return the program of a cut.

    ``inputs`` are the names of the call's inputs by placeholder, ``outputs`` tensors by the names of the engine's
    inputs.
    """
    writer = _Writer(inputs, tables)
    for operation, translated in cut.steps:
        if operation.type != "Identity":
            writer.add(operation, translated)
    return writer.builder.finish({name: writer.value(tensor) for name, tensor in outputs.items()})


class _Writer:
    """Steps and constants of operations, and the names of their tensors' values."""

    def __init__(self, inputs: Mapping[str, str], tables: Tables) -> None:
        self.builder = ProgramBuilder(inputs.values())
        self._inputs = inputs
        self._tables = tables
        self._values: dict[str, str] = {}

    def add(self, operation: Any, translated: Translated) -> None:
        """Append the step of an operation."""
        names = [name for tensor in operation.inputs for name in self._arguments(tensor)]
        taken = names if translated.inputs is None else [names[position] for position in translated.inputs]
        tensors = [tensor.name for tensor in operation.outputs]
        made = self.builder.step(translated.operator, taken, translated.options, results=[_NAME] * len(tensors))
        self._values |= zip(tensors, made, strict=True)

    def value(self, tensor: Any) -> str:
        """Return the name of a tensor's value."""
        (name,) = self._arguments(tensor)
        return name

    def _arguments(self, tensor: Any) -> list[str]:
        """Return the names of a tensor's value; of a table's keys and values."""
        source = origin(tensor)
        operation = source.op
        if operation.name in self._inputs:
            return [self._inputs[operation.name]]
        if operation.name in self._tables:
            keys, values = self._tables[operation.name]
            return [self._constant(f"{source.name}|keys", keys), self._constant(f"{source.name}|values", values)]
        if operation.type == "Const":
            return [self._constant(source.name, _value(operation))]
        return [self._values[source.name]]

    def _constant(self, key: str, array: Array) -> str:
        if key not in self._values:
            self._values[key] = self.builder.constant(array, _NAME)
        return self._values[key]


def _value(operation: Any) -> Array:
    import tensorflow as tf

    array: Array = np.asarray(tf.make_ndarray(operation.get_attr("value")))
    return array


def export_tables(cut: Cut, captures: Mapping[str, Any]) -> Tables:
    """Return the keys and values of the tables in which lifted operations search."""
    found: dict[str, tuple[Array, Array]] = {}
    for operation, _ in cut.steps:
        if operation.type == "LookupTableFindV2":
            name = origin(operation.inputs[0]).op.name
            found[name] = _content(captures[name], operation)
    return found


def _content(handle: Any, operation: Any) -> tuple[Array, Array]:
    """Return a table's keys in ascending order, and their values.

    TensorFlow's own order varies.
    """
    import tensorflow as tf

    keys, values = tf.raw_ops.LookupTableExportV2(
        table_handle=handle, Tkeys=operation.inputs[1].dtype, Tvalues=operation.outputs[0].dtype
    )
    order = np.argsort(keys.numpy(), kind="stable")
    return np.asarray(keys.numpy())[order], np.asarray(values.numpy())[order]
