"""Integrated gradients with the compiled gradient of a bundle.

The gradient is integrated along the straight line from a baseline to a row (Sundararajan, Taly and Yan, 2017). The
attributions of a row add up to its prediction minus the baseline's: the gap between the two is the error.
"""

from __future__ import annotations

import numpy as np

from lightship.bundle import EXPLAIN, Bundle
from lightship.engines.base import Engine
from lightship.engines.preprocessed import programs_of
from lightship.errors import BundleError, EngineError
from lightship.explain.attribution import Attribution, CheckTime, Query, Tensors, Unexplained
from lightship.explain.compiled import METHOD, SIGNATURE, TRANSFORMED, Gradient
from lightship.explain.line import Integral, Line, line_of
from lightship.explain.quadrature import Rule, Samples, even, refined
from lightship.preprocessing.program import BoundProgram
from lightship.tensors import Array

CLOSE = 1e-3  # the gap at which no more steps are computed

_NUMBERS = ("base", "prediction")
_SAMPLES = ("numbers", "changes")


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

    def explain(self, query: Query) -> Attribution:
        """Return the attributions of one number.

        The rounds end at a gap below 1e-3. The time is checked before each evaluation. Raises Unexplained for a row
        that needs another method, EngineError or BundleError.
        """
        target = self._gradient.target(query.output, query.number)
        if target is None:
            raise Unexplained(f"the compiled gradient lacks number {query.number} of the output '{query.output}'")
        line = line_of(query.row, query.baseline, self._gradient.inputs, self._program)
        ends = {f"row_{at}": array for at, array in enumerate(line.row.values())}
        ends |= {f"baseline_{at}": array for at, array in enumerate(line.base.values())}
        ends["target"] = np.array([target], np.int32)
        integral, gap, evaluations = self._rounds(line, ends, query.check_time)
        return Attribution(METHOD, line.attributions(integral), integral.base, integral.prediction, gap, evaluations)

    def _rounds(self, line: Line, ends: Tensors, check_time: CheckTime) -> tuple[Integral, float, int]:
        """Return the integral, its gap and the evaluations of all rounds."""
        evaluations = 0
        samples: Samples | None = None
        for steps in self._gradient.rounds:
            rule = refined(samples, steps) if samples else even(steps)
            integral, found = self._integral(ends, rule, check_time)
            evaluations += steps
            gap = integral.gap(line.total(integral))
            if not np.isfinite(gap):
                raise Unexplained("the gradient is not finite between the baseline and the row", evaluations)
            if gap <= CLOSE:
                break
            if found:
                samples = samples.joined(found) if samples else found
        return integral, gap, evaluations

    def _integral(self, ends: Tensors, rule: Rule, check_time: CheckTime) -> tuple[Integral, Samples | None]:
        """Integrate by a rule; return the samples too, if the file computes them.

        ``ends`` are the arguments of the file that are equal in all calls.
        """
        names = [f"gradient_{at}" for at in range(len(self._gradient.inputs))]
        totals: list[Array] = [np.zeros(1)] * len(names)
        parts = []
        for first in range(0, len(rule.nodes), self._gradient.points):
            check_time()
            part = slice(first, first + self._gradient.points)
            outputs = self._run({**ends, "nodes": rule.nodes[part], "weights": rule.weights[part]})
            totals = [total + outputs[name] for total, name in zip(totals, names, strict=True)]
            if self._gradient.sampled:
                parts.append([outputs[name] for name in _SAMPLES])
        integral = Integral(totals, *(float(outputs[name][0]) for name in _NUMBERS))
        return integral, _samples(rule, integral, np.concatenate(parts, axis=1)) if parts else None

    def _run(self, inputs: Tensors) -> Tensors:
        """Return the outputs of the file; raises BundleError for another file.

        The model has already computed the row, so that the row is valid.
        """
        try:
            outputs = self._engine.run(SIGNATURE, inputs)
            shapes = {f"gradient_{at}": inputs[f"row_{at}"].shape for at in range(len(self._gradient.inputs))}
            shapes |= dict.fromkeys(_NUMBERS, (1,))
            if self._gradient.sampled:
                shapes |= dict.fromkeys(_SAMPLES, inputs["nodes"].shape)
            if all(outputs[name].shape == shape for name, shape in shapes.items()):
                return outputs
            detail = "outputs of other shapes"
        except (EngineError, LookupError) as error:
            detail = repr(error)
        raise BundleError(f"the bundle's {EXPLAIN} does not compute the gradient of its model", detail=detail)


def _samples(rule: Rule, integral: Integral, found: Array) -> Samples:
    """Return the explained number at the nodes of a rule, and at both ends.

    ``found`` are the numbers and the changes at the nodes. The ends, whose slope the file does not return, are given
    that of the next node.
    """
    numbers, changes = found
    slopes = changes / rule.weights
    return Samples(
        np.concatenate([[0.0], rule.nodes, [1.0]]),
        np.concatenate([[integral.base], numbers, [integral.prediction]]),
        np.concatenate([slopes[:1], slopes, slopes[-1:]]),
    )
