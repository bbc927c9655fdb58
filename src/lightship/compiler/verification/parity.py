"""Comparison of compiled outputs with the original's: tolerances by dtype.

Floating-point results differ by rounding: a fused or reordered sum is wrong by a few ulps of its largest *terms*, not
of its result, so the relative error of a value near zero may be large. The absolute tolerance is therefore a share of
the output's largest magnitude, which keeps it meaningful for probabilities of 1e-6 and for prices of 1e6 alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from lightship.errors import ParityError
from lightship.tensors import Array


@dataclass(frozen=True)
class Tolerance:
    """Tolerance relative to each value and to the largest value.

    ``|actual - expected| <= relative * |expected| + share * (largest finite |expected|)``.
    """

    relative: float
    share: float

    def bounds(self, scale: float) -> Bounds:
        """Return the bounds where the largest finite magnitude is ``scale``."""
        return Bounds(self.relative, coarse(self.share * scale))


class Bounds(NamedTuple):
    """Relative and absolute tolerance of one comparison.

    ``|actual - expected| <= rtol * |expected| + atol``.
    """

    rtol: float
    atol: float


EXACT = Tolerance(0.0, 0.0)  # integers, booleans, strings
TOLERANCES: Mapping[str, Tolerance] = {
    "bfloat16": Tolerance(8e-2, 8e-2),  # ulp 8e-3
    "float16": Tolerance(1e-2, 1e-2),  # ulp 1e-3
    "float32": Tolerance(1e-3, 1e-4),  # ulp 1e-7; deep networks were measured to lose up to 1e-5
    "float64": Tolerance(1e-6, 1e-8),  # ulp 2e-16, but operators are free to compute in float32 steps
}


@dataclass(frozen=True)
class Agreement:
    """Differences between one output of a signature and the original's.

    ``atol`` and ``rtol`` are the tolerances that were applied, ``max_abs`` and ``max_rel`` the largest differences over
    all ``rows``. ``max_rel`` ignores values below a thousandth of the largest magnitude. All four are rounded to two
    digits, so that the manifest holds no noise.
    """

    signature: str
    output: str
    rows: int
    rtol: float
    atol: float
    max_abs: float
    max_rel: float

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's entry below its signature and output."""
        return {key: value for key, value in asdict(self).items() if key not in {"signature", "output"}}


class Output(NamedTuple):
    """One output of a signature."""

    signature: str
    name: str

    def __str__(self) -> str:
        """Return the beginning of a message about the output."""
        return f"signature '{self.signature}', output '{self.name}'"


def compare(
    output: Output, expected: Array, actual: Array, *, precision: str = "", bounds: Bounds | None = None
) -> Agreement:
    """Compare two arrays of any dtype; NaN equals NaN only.

    ``precision`` is the dtype in which the expected values were computed, where it is coarser than their own.
    ``bounds`` are those of an earlier comparison of the same output, instead of the dtype's tolerance.

    Raises ParityError with the worst difference, or with the shapes and dtypes where these differ.
    """
    if expected.shape != actual.shape or expected.dtype != actual.dtype:
        raise ParityError(f"{output}: the original returns {_form(expected)}, the compiled model {_form(actual)}")
    rows = len(expected) if expected.ndim else 1
    if expected.dtype.kind not in "fiu":
        return _exact(output, rows, expected, actual)
    wide = np.float64 if expected.dtype.kind == "f" else np.longdouble  # a 64-bit integer needs 64 bits of mantissa
    want, got = expected.astype(wide), actual.astype(wide)
    scale = float(np.max(np.abs(want), initial=0.0, where=np.isfinite(want)))
    applied = bounds or _tolerance(expected, precision).bounds(scale)
    agreement = Agreement(output.signature, output.name, rows, *applied, **_differences(want, got, scale))
    if not np.allclose(got, want, rtol=agreement.rtol, atol=agreement.atol, equal_nan=True):
        raise ParityError(_disagreement(agreement, want, got))
    return agreement


def merge(parts: list[Agreement]) -> Agreement:
    """Return one output's agreement over batches: sum of rows, largest differences."""
    first = parts[0]
    worst = {key: max(getattr(part, key) for part in parts) for key in ("atol", "max_abs", "max_rel")}
    return Agreement(first.signature, first.output, sum(part.rows for part in parts), first.rtol, **worst)


def coarse(value: float) -> float:
    """Return a value rounded to two significant digits."""
    return float(f"{value:.1e}")


def _tolerance(expected: Array, precision: str) -> Tolerance:
    """Return the coarser of two dtypes' tolerances; integers are compared exactly."""
    own = TOLERANCES.get(expected.dtype.name, EXACT)
    given = TOLERANCES.get(precision, own)
    return max(own, given, key=lambda tolerance: tolerance.share) if own != EXACT else own


def _exact(output: Output, rows: int, expected: Array, actual: Array) -> Agreement:
    wrong = int(np.sum(expected != actual))
    if wrong:
        raise ParityError(f"{output}: {wrong} of {expected.size} values differ from the original's")
    return Agreement(output.signature, output.name, rows, rtol=0.0, atol=0.0, max_abs=0.0, max_rel=0.0)


def _differences(want: Array, got: Array, scale: float) -> dict[str, float]:
    finite = np.isfinite(want) & np.isfinite(got)
    with np.errstate(invalid="ignore"):  # infinity minus itself
        apart = np.where(finite, np.abs(want - got), 0.0)
    large = finite & (np.abs(want) > scale / 1000)
    relative = np.divide(apart, np.abs(want), where=large, out=np.zeros(want.shape))
    return {"max_abs": coarse(float(apart.max(initial=0))), "max_rel": coarse(float(relative.max(initial=0)))}


def _disagreement(agreement: Agreement, want: Array, got: Array) -> str:
    where = Output(agreement.signature, agreement.output)
    if odd := int(np.sum(np.isfinite(want) != np.isfinite(got))):
        return f"{where}: {odd} of {want.size} values are NaN or infinite in only one of original and compiled model"
    return (
        f"{where}: the compiled model is off by {agreement.max_abs:g} (relative {agreement.max_rel:g}), more than the "
        f"tolerance of {agreement.atol:g} absolute plus {agreement.rtol:g} relative"
    )


def _form(array: Array) -> str:
    return f"{array.dtype.name} {list(array.shape)}"
