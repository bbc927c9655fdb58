"""Programs: steps in order, each an operator with named inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lightship.errors import EngineError, InvalidInput, LightshipError
from lightship.preprocessing.operators import build
from lightship.preprocessing.operators.base import Operation
from lightship.tensors import Array


@dataclass(frozen=True)
class Step:
    """One operator on named values.

    Attributes:
        operator: ``group.name``, see :mod:`lightship.preprocessing.operators`.
        inputs: names of values, in the operator's order: inputs or constants of the program, or outputs of steps
            before this one.
        outputs: names of the results.
        options: the operator's keywords, as JSON.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form."""
        record = {"operator": self.operator, "inputs": list(self.inputs), "outputs": list(self.outputs)}
        return record | ({"options": dict(self.options)} if self.options else {})

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Step:
        """Return the step of a :meth:`to_json` record; raises KeyError or TypeError."""
        inputs, outputs = (tuple(map(str, record[side])) for side in ("inputs", "outputs"))
        return cls(str(record["operator"]), inputs, outputs, dict(record.get("options", {})))


@dataclass(frozen=True)
class Program:
    """Function from a call's inputs to an engine's inputs.

    Attributes:
        steps: in the order of execution.
        outputs: the name of a value for each input of the engine.
        constants: arrays by the name of their value.
    """

    steps: tuple[Step, ...]
    outputs: Mapping[str, str]
    constants: Mapping[str, Array] = field(default_factory=dict)

    def inputs(self) -> tuple[str, ...]:
        """Return the names of the call's inputs that the program reads, in order."""
        made = {*self.constants, *(name for step in self.steps for name in step.outputs)}
        needed = (*(name for step in self.steps for name in step.inputs), *self.outputs.values())
        return tuple(dict.fromkeys(name for name in needed if name not in made))

    def bind(self) -> BoundProgram:
        """Return the program in executable form.

        Raises KeyError, TypeError or ValueError for an unknown operator, invalid options or a value without origin.
        """
        return BoundProgram(self)


class BoundProgram:
    """A program whose operators are built; thread-safe."""

    def __init__(self, program: Program) -> None:
        self._constants = dict(program.constants)
        self._outputs = dict(program.outputs)
        self._steps = [_bound(step, program.constants) for step in program.steps]

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the engine's inputs; raises EngineError, or InvalidInput with the row."""
        values = {**self._constants, **inputs}
        for operation, names, outputs in self._steps:
            try:
                result = operation(*[values[name] for name in names])
            except InvalidInput as error:
                raise self._located(error, inputs) from None
            except LightshipError:
                raise
            except Exception as error:  # numpy raises exceptions of many classes
                raise EngineError("the preprocessing cannot run this input", detail=repr(error)) from None
            values.update(zip(outputs, result if isinstance(result, tuple) else (result,), strict=True))
        return {name: values[value] for name, value in self._outputs.items()}

    def _located(self, error: InvalidInput, inputs: Mapping[str, Array]) -> InvalidInput:
        """Return the error of the first row that fails, without a row if none fails alone.

        The rows are halved until one is left, which takes at most twice the time of the call.
        """
        sizes = {len(array) if array.ndim else 0 for array in inputs.values()}
        rows = sizes.pop() if len(sizes) == 1 else 0
        if rows < 2:
            return error.at(0 if rows else None)
        for start, end in ((0, rows // 2), (rows // 2, rows)):
            try:
                self.run({name: array[start:end] for name, array in inputs.items()})
            except InvalidInput as found:
                return found if found.row is None else found.at(start + found.row)
            except LightshipError:
                break
        return error.at(None)


def _bound(step: Step, constants: Mapping[str, Array]) -> tuple[Operation, tuple[str, ...], tuple[str, ...]]:
    fixed = {position: constants[name] for position, name in enumerate(step.inputs) if name in constants}
    return build(step.operator, step.options, fixed), step.inputs, step.outputs
