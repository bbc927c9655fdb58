"""The manifest's entry ``explain`` of a model that is explained exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lightship.errors import BundleError

TREE_SHAP = "tree_shap"
COEFFICIENTS = "coefficients"
SCALES = ("output", "logarithm", "log_odds", "raw_score")


class Entry(NamedTuple):
    """What ``assets/explain.npz`` explains, or why there is no such file.

    Attributes:
        reason: why the bundle has none; empty where it has one.
        method: TREE_SHAP or COEFFICIENTS.
        output: the explained output of the default signature.
        numbers: how many numbers one row of it has: one for each raw score, or two where one score decides between two
            classes.
        scale: see :class:`lightship.explain.attribution.Attribution`.
    """

    reason: str = ""
    method: str = ""
    output: str = ""
    numbers: int = 0
    scale: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form."""
        if self.reason:
            return {"reason": self.reason}
        outputs = [{"name": self.output, "numbers": self.numbers}]
        return {"method": self.method, "outputs": outputs, "scale": self.scale}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Entry:
        """Return the entry of a manifest; raises BundleError for another form."""
        if record.get("method") not in (TREE_SHAP, COEFFICIENTS):
            return cls(str(record.get("reason") or "the bundle holds neither trees nor coefficients"))
        try:
            (output,) = record["outputs"]
            numbers = int(output["numbers"])
            if numbers < 1 or record["scale"] not in SCALES:
                raise ValueError("an output without numbers, or of another scale")
            return cls("", str(record["method"]), str(output["name"]), numbers, str(record["scale"]))
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise BundleError("the manifest's entry about explanations is invalid", detail=repr(error)) from None
