"""Child process: a quantized variant whose most damaging layers stay in float32.

Each layer's damage is the largest difference of an output where only this layer is quantized. Then as few layers as
possible, the most damaging first, stay in float32.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lightship.bundle import MODEL, Bundle
from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.candidates import quantizer_of, write_variant
from lightship.compiler.compression.measuring.judge import Judge, Values, Verdict
from lightship.compiler.compression.quantizing.layers import Layer, weighted_layers
from lightship.compiler.compression.quantizing.recipes import Quantizer, Unquantizable
from lightship.compiler.sandbox import Progress
from lightship.errors import CompileError, LightshipError
from lightship.model import Model
from lightship.settings import TransformSettings

_RANKING_SECONDS = 60.0  # layers that are not ranked in time are quantized


def build(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write a variant within the budget and return its layers in float32.

    ``job["variant"]`` is its folder, ``job["recipe"]`` the recipe of the other layers. Raises CompileError where no
    variant keeps the budget.
    """
    bundle = Bundle.reopen(Path(job["folder"]))
    quantizer = quantizer_of(bundle, Path(job["scratch"]), representative=job["representative"])
    judge = Judge.of(job, bundle.manifest.signatures[0])
    variant = write_variant(bundle, Path(job["variant"]), b"")
    mix = Mix(job["recipe"], quantizer, judge, variant, TransformSettings.from_json(job["transforms"]))
    layers = weighted_layers((bundle.path / MODEL).read_bytes())
    found = mix.fewest(mix.ranked(layers), job["reference"])
    if found is None:
        raise CompileError(f"not within the limits with fewer than all {len(layers)} layers in float32")
    return {"float_layers": [name for layer in found for name in layer]}


@dataclass(frozen=True)
class Mix:
    """Variants of one recipe in one folder, which holds the last one that was tried."""

    recipe: str
    quantizer: Quantizer
    judge: Judge
    variant: Bundle
    transforms: TransformSettings

    def ranked(self, layers: Sequence[Layer]) -> list[Layer]:
        """Return layers from the most to the least damaging."""
        outputs = replace(self.judge, budget=Budget(max_error=0.0))
        end = time.monotonic() + _RANKING_SECONDS
        damages = {}
        for layer in layers:
            verdict = self._verdict(outputs, only=layer) if time.monotonic() < end else None
            damages[layer] = verdict.largest_difference if verdict else 0.0
        return sorted(layers, key=lambda layer: -damages[layer])

    def fewest(self, ranked: Sequence[Layer], reference: Values) -> list[Layer] | None:
        """Return the first layers of a ranking that must stay in float32.

        Their number is doubled until the budget is kept, then bisected. Returns None where all of them must; otherwise
        the variant has been written.
        """
        low, high, most = 0, 1, len(ranked) - 1
        while high > most or not self._keeps(ranked[:high], reference):
            if high >= most:
                return None
            low, high = high, min(2 * high, most)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._keeps(ranked[:middle], reference) else (middle, high)
        return list(ranked[:high]) if self._keeps(ranked[:high], reference) else None

    def _keeps(self, floats: Sequence[Layer], reference: Values) -> bool:
        verdict = self._verdict(self.judge, floats=[name for layer in floats for name in layer])
        return verdict is not None and verdict.keeps(self.judge.budget, reference)

    def _verdict(self, judge: Judge, *, floats: Sequence[str] = (), only: Layer = ()) -> Verdict | None:
        """Return the verdict of one variant; None where it cannot be made or run."""
        try:
            model = self.quantizer.quantize(self.recipe, floats=floats, only=only)
            (self.variant.path / MODEL).unlink()  # not overwritten: the interpreter of the last variant maps it
            (self.variant.path / MODEL).write_bytes(model)
            return judge.verdict(Model.load(self.variant, transforms=self.transforms))
        except (Unquantizable, LightshipError):
            return None
