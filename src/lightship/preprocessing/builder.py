"""Construction of programs: steps, constants, and unused names of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightship.preprocessing.program import Program, Step
from lightship.tensors import Array


class ProgramBuilder:
    """A program under construction.

    ``inputs`` are the names that a call's inputs may have. A value whose name is in use gets a number behind it.
    """

    def __init__(self, inputs: Iterable[str]) -> None:
        self._steps: list[Step] = []
        self._constants: dict[str, Array] = {}
        self._taken = set(inputs)
        self._numbers = Counter[str]()  # the last one by name

    @property
    def empty(self) -> bool:
        """Return whether the program has no steps."""
        return not self._steps

    def constant(self, array: Array, name: str = "constant") -> str:
        """Add an array; return the name of its value."""
        value = self._unused(name)
        self._constants[value] = array
        return value

    def step(
        self,
        operator: str,
        inputs: Sequence[str],
        options: Mapping[str, Any],
        *,
        results: Sequence[str] = ("value",),
    ) -> tuple[str, ...]:
        """Append a step; return the names of the values that it makes.

        ``inputs`` are names of values, ``results`` what its results are named after.
        """
        values = tuple(map(self._unused, results))
        self._steps.append(Step(operator, tuple(inputs), values, options))
        return values

    def append(self, program: Program, inputs: Mapping[str, str]) -> dict[str, str]:
        """Append a program's steps; return the names of its outputs' values.

        ``inputs`` are the values of its inputs by name. The others are inputs of the call.
        """
        values = dict(inputs)
        for name, array in program.constants.items():
            values[name] = self.constant(array, name)
        for step in program.steps:
            taken = [values.get(name, name) for name in step.inputs]
            made = self.step(step.operator, taken, step.options, results=step.outputs)
            values |= zip(step.outputs, made, strict=True)
        return {name: values.get(value, value) for name, value in program.outputs.items()}

    def finish(self, outputs: Mapping[str, str]) -> Program:
        """Return the program; ``outputs`` are values by the engine's inputs."""
        return Program(tuple(self._steps), outputs, self._constants)

    def _unused(self, name: str) -> str:
        value = name
        while value in self._taken:
            self._numbers[name] += 1
            value = f"{name}_{self._numbers[name]}"
        self._taken.add(value)
        return value


def chain(first: Mapping[str, Program], second: Mapping[str, Program]) -> dict[str, Program]:
    """Return one program for each signature: the first one, then the second.

    Both are by signature. A signature may have only one of them.
    """
    both = {name: _chained(first[name], second[name]) for name in first.keys() & second.keys()}
    return {**first, **second, **both}


def _chained(first: Program, second: Program) -> Program:
    builder = ProgramBuilder({*first.inputs(), *second.inputs()})
    return builder.finish(builder.append(second, builder.append(first, {})))
