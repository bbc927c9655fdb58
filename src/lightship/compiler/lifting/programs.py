"""Preprocessing program of a cut: steps, constants and names of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lightship.compiler.lifting.cut import Cut, origin
from lightship.compiler.lifting.translation import Translated
from lightship.preprocessing import Program, Step
from lightship.tensors import Array

Tables = Mapping[str, tuple[Array, Array]]  # keys and values by placeholder


def program_of(cut: Cut, inputs: Mapping[str, str], tables: Tables, outputs: Mapping[str, Any]) -> Program:
    """Return the program of a cut.

    ``inputs`` are the names of the call's inputs by placeholder, ``outputs`` tensors by the names of the engine's
    inputs.
    """
    writer = _Writer(inputs, tables)
    for operation, translated in cut.steps:
        if operation.type != "Identity":
            writer.add(operation, translated)
    return Program(
        tuple(writer.steps), {name: writer.value(tensor) for name, tensor in outputs.items()}, writer.constants
    )


class _Writer:
    def __init__(self, inputs: Mapping[str, str], tables: Tables) -> None:
        self.steps: list[Step] = []
        self.constants: dict[str, Array] = {}
        self._inputs = inputs
        self._tables = tables
        self._names: dict[str, str] = {}
        self._taken = set(inputs.values())

    def add(self, operation: Any, translated: Translated) -> None:
        """Append the step of an operation."""
        names = [name for tensor in operation.inputs for name in self._arguments(tensor)]
        taken = names if translated.inputs is None else [names[position] for position in translated.inputs]
        made = [self._new(tensor.name) for tensor in operation.outputs]
        self.steps.append(Step(translated.operator, tuple(taken), tuple(made), translated.options))

    def value(self, tensor: Any) -> str:
        """Return the name of a tensor's value."""
        (name,) = self._arguments(tensor)
        return name

    def _arguments(self, tensor: Any) -> list[str]:
        """Return the names of a tensor's value; of a table's keys and values."""
        source = tensor
        while source.op.type == "Identity":
            source = source.op.inputs[0]
        operation = source.op
        if operation.name in self._inputs:
            return [self._inputs[operation.name]]
        if operation.name in self._tables:
            keys, values = self._tables[operation.name]
            return [self._constant(f"{source.name}|keys", keys), self._constant(f"{source.name}|values", values)]
        if operation.type == "Const":
            return [self._constant(source.name, _value(operation))]
        return [self._names[source.name]]

    def _constant(self, key: str, array: Array) -> str:
        if key not in self._names:
            self.constants[self._new(key)] = array
        return self._names[key]

    def _new(self, key: str) -> str:
        """Return a new name, which is short because the manifest lists it."""
        number = len(self._names)
        while (name := f"v{number}") in self._taken:
            number += 1
        self._taken.add(name)
        self._names[key] = name
        return name


def _value(operation: Any) -> Array:
    import tensorflow as tf

    array: Array = np.asarray(tf.make_ndarray(operation.get_attr("value")))
    return array


def export_tables(cut: Cut, captures: Mapping[str, Any]) -> Tables:
    """Return the keys and values of the tables in which lifted operations search."""
    found: dict[str, tuple[Array, Array]] = {}
    for operation, _ in cut.steps:
        if operation.type == "LookupTableFindV2":
            name = origin(operation.inputs[0]).name
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
