"""The manifest's entry ``explain``: what a bundle's ``explain.tflite`` computes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, NamedTuple

from lightship.errors import BundleError
from lightship.preprocessing import Program
from lightship.tensors import Signature

METHOD = "integrated_gradients"
SIGNATURE = "explain"
STEPS = (32, 64, 128, 256, 512)
_ROUNDS = (32, 64, 64, 128, 128, 256, 256)  # each knows all samples of those before it
TRANSFORMED = "a user's transform makes the model's inputs"


class Gradient(NamedTuple):
    """The compiled gradient of the default signature, or why there is none.

    Attributes:
        reason: why the bundle has none; empty where it has one.
        inputs: names of the engine's inputs, in the order of the file's ``row_0``, ``baseline_0``, ``gradient_0`` ….
        outputs: how many numbers one row of an output has, in the order of the file's ``target``.
        points: how many points between baseline and row one call of the file evaluates, a power of two.
        steps: the most steps of one integral, one of :data:`STEPS`. A row takes less than twice as many in all.
        difference: the largest difference from TensorFlow's gradient for recorded rows, as a share of the gradient's
            largest element.
    """

    reason: str = ""
    inputs: tuple[str, ...] = ()
    outputs: Mapping[str, int] = {}
    points: int = 0
    steps: int = 0
    difference: float = 0.0
    sampled: bool = False

    @property
    def rounds(self) -> tuple[int, ...]:
        """Return the steps of one integral after the other, until one is exact enough.

        All together they are no more than those that double from 32 to :attr:`steps`.
        """
        rounds = _ROUNDS if self.sampled else STEPS
        most = sum(steps for steps in STEPS if steps <= self.steps)
        return tuple(steps for steps, spent in zip(rounds, accumulate(rounds), strict=True) if spent <= most)

    def target(self, output: str, number: int) -> int | None:
        """Return the file's target for a number of an output's row; None without one."""
        first = 0
        for name, count in self.outputs.items():
            if name == output:
                return first + number if 0 <= number < count else None
            first += count
        return None

    def check(self, signature: Signature, program: Program | None) -> None:
        """Raise BundleError for inputs or outputs other than those of a signature.

        ``program`` computes the engine's inputs, which are otherwise those of the signature.
        """
        own = {spec.name for spec in signature.inputs}
        names, made = set(self.inputs), set(program.outputs) if program else own
        if not self.inputs or len(names) != len(self.inputs) or not names <= made or not (program or names == own):
            raise BundleError("the manifest's gradient is of other inputs than the model's")
        shapes = {spec.name: spec.row_shape for spec in signature.outputs if spec.numpy.kind == "f"}
        for name, count in self.outputs.items():
            shape = shapes.get(name)
            if shape is None or (None not in shape and math.prod(size or 1 for size in shape) != count):
                raise BundleError(f"the manifest's gradient is of an output '{name[:80]}' that the model lacks")

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form."""
        if self.reason:
            return {"reason": self.reason}
        outputs = [{"name": name, "numbers": count} for name, count in self.outputs.items()]
        sizes = {"points": self.points, "steps": self.steps, "difference": self.difference}
        sizes |= {"sampled": True} if self.sampled else {}
        return {"method": METHOD, "inputs": list(self.inputs), "outputs": outputs, **sizes}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Gradient:
        """Return the entry of a manifest; raises BundleError for another form."""
        try:
            return cls._read(record)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise BundleError("the manifest's entry about explanations is invalid", detail=repr(error)) from None

    @classmethod
    def _read(cls, record: Mapping[str, Any]) -> Gradient:
        if not record:
            return cls("the bundle is older than compiled gradients")
        if reason := record.get("reason"):
            return cls(str(reason))
        if record["method"] != METHOD:
            return cls("the gradient needs a later version of Lightship")
        outputs = {str(entry["name"]): int(entry["numbers"]) for entry in record["outputs"]}
        inputs, points, steps = tuple(map(str, record["inputs"])), int(record["points"]), int(record["steps"])
        if points not in (1, 2, 4, 8, 16, 32) or steps not in STEPS or min(outputs.values()) < 1:
            raise ValueError("a gradient without points, steps or numbers")
        return cls("", inputs, outputs, points, steps, float(record["difference"]), bool(record.get("sampled")))
