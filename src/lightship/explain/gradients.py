"""Integrated gradients with the compiled gradient of a bundle.

The gradient is integrated along the straight line from a baseline to a row (Sundararajan, Taly and Yan, 2017). The
attributions of a row add up to its prediction minus the baseline's: the gap between the two is the error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lightship.bundle import EXPLAIN, Bundle
from lightship.engines.base import Engine
from lightship.engines.preprocessed import programs_of
from lightship.errors import BundleError, EngineError
from lightship.explain.attribution import Attribution, CheckTime, unlimited
from lightship.explain.compiled import METHOD, SIGNATURE, TRANSFORMED, Gradient
from lightship.explain.line import Integral, Line, Unexplained, line_of
from lightship.explain.quadrature import Rule, Samples, even, refined
from lightship.preprocessing.program import BoundProgram
from lightship.tensors import Array

CLOSE = 1e-3  # the gap at which no more steps are computed

_NUMBERS = ("base", "prediction")
_SAMPLES = ("numbers", "changes")


class Row(NamedTuple):
    """One explained row: its line, its integral, the gap, and all evaluations."""

    line: Line
    integral: Integral
    gap: float
    evaluations: int


class IntegratedGradients:
    """The compiled gradient of one bundle's default signature; thread-safe."""

    def __init__(self, gradient: Gradient, engine: Engine, program: BoundProgram | None = None) -> None:
        self._gradient = gradient
        self._engine = engine
        self._program = program

    @classmethod
    def load(cls, bundle: Bundle) -> IntegratedGradients:
        """Open a bundle's gradient; raises BundleError.

        Raises Unexplained with the reason where the bundle has none.
        """
        gradient = Gradient.from_json(bundle.manifest.explain)
        if gradient.reason or bundle.manifest.transform:
            raise Unexplained(gradient.reason or TRANSFORMED)
        signature = bundle.manifest.signatures[0]
        program = programs_of(bundle).get(signature.name)
        gradient.check(signature, program)
        from lightship.engines.litert import LiteRTEngine  # imported here: commands without a model need no LiteRT

        return cls(gradient, LiteRTEngine(bundle.file(EXPLAIN)), program.bind() if program else None)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of the outputs that it explains."""
        return tuple(self._gradient.outputs)

    def explains(self, output: str) -> bool:
        """Return whether it explains an output."""
        return output in self._gradient.outputs

    def explain(
        self,
        rows: Mapping[str, Array],
        baseline: Mapping[str, Array],
        output: str,
        number: int,
        check_time: CheckTime = unlimited,
    ) -> Attribution:
        """Return the attributions of one number in each row of an output.

        ``rows`` are valid inputs of the default signature, ``baseline`` is one row of them, [1, ...]. The rounds of a
        row end at a gap below 1e-3. ``check_time`` is called before each evaluation. Raises Unexplained for rows that
        need another method, InvalidInput, EngineError or BundleError.
        """
        target = self._gradient.target(output, number)
        if target is None:
            raise Unexplained(f"the compiled gradient lacks number {number} of the output '{output}'")
        count = len(next(iter(rows.values())))
        single = [{name: array[at : at + 1] for name, array in rows.items()} for at in range(count)]
        found = [self._row(row, baseline, target, check_time) for row in single]
        each = [row.line.attributions(row.integral) for row in found]
        return Attribution(
            method=METHOD,
            output=output,
            target=number,
            values={name: np.stack([values[name] for values in each]) for name in rows},
            base=np.array([row.integral.base for row in found]),
            prediction=np.array([row.integral.prediction for row in found]),
            error=np.array([row.gap for row in found]),
            steps=max(row.evaluations for row in found),
        )

    def _row(self, row: Mapping[str, Array], baseline: Mapping[str, Array], target: int, check_time: CheckTime) -> Row:
        line = line_of(row, baseline, self._gradient.inputs, self._program)
        evaluations = 0
        samples: Samples | None = None
        for steps in self._gradient.rounds:
            rule = refined(samples, steps) if samples else even(steps)
            integral, outputs = self._integral(line, target, rule, check_time)
            evaluations += steps
            gap = integral.gap(line.total(integral))
            if not np.isfinite(gap):
                raise Unexplained("the gradient is not finite between the baseline and the row", evaluations)
            if gap <= CLOSE:
                break
            if self._gradient.sampled:
                found = _samples(rule, integral, outputs)
                samples = samples.joined(found) if samples else found
        return Row(line, integral, gap, evaluations)

    def _integral(
        self, line: Line, target: int, rule: Rule, check_time: CheckTime
    ) -> tuple[Integral, Sequence[Mapping[str, Array]]]:
        """Integrate by a rule; return the outputs of all calls too, each of some nodes."""
        ends = {f"row_{at}": array for at, array in enumerate(line.row.values())}
        ends |= {f"baseline_{at}": array for at, array in enumerate(line.base.values())}
        ends["target"] = np.array([target], np.int32)
        totals: list[Array] = [np.zeros(array.shape) for array in line.row.values()]
        calls = []
        for first in range(0, len(rule.nodes), self._gradient.points):
            check_time()
            part = slice(first, first + self._gradient.points)
            outputs = self._run({**ends, "nodes": rule.nodes[part], "weights": rule.weights[part]}, totals)
            totals = [total + outputs[f"gradient_{at}"] for at, total in enumerate(totals)]
            calls.append(outputs)
        return Integral(totals, *(float(outputs[name][0]) for name in _NUMBERS)), calls

    def _run(self, inputs: Mapping[str, Array], totals: list[Array]) -> dict[str, Array]:
        """Return the outputs of the file; raises BundleError for another file.

        The model has already computed the row, so that the row is valid.
        """
        try:
            outputs = self._engine.run(SIGNATURE, inputs)
            shapes = {f"gradient_{at}": total.shape for at, total in enumerate(totals)} | dict.fromkeys(_NUMBERS, (1,))
            if self._gradient.sampled:
                shapes |= dict.fromkeys(_SAMPLES, inputs["nodes"].shape)
            if all(outputs[name].shape == shape for name, shape in shapes.items()):
                return outputs
            detail = "outputs of other shapes"
        except (EngineError, LookupError) as error:
            detail = repr(error)
        raise BundleError(f"the bundle's {EXPLAIN} does not compute the gradient of its model", detail=detail)


def _samples(rule: Rule, integral: Integral, outputs: Sequence[Mapping[str, Array]]) -> Samples:
    """Return the explained number at the nodes of a rule, and at both ends.

    The ends, whose slope the file does not return, are given that of the next node.
    """
    numbers, changes = (np.concatenate([each[name] for each in outputs]) for name in _SAMPLES)
    return Samples(
        np.concatenate([[0.0], rule.nodes, [1.0]]),
        np.concatenate([[integral.base], numbers, [integral.prediction]]),
        np.pad(changes / rule.weights, 1, "edge"),
    )
