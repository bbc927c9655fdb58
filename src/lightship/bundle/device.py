"""The manifest's entry ``device``: the file for phones and browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lightship.errors import BundleError

OLDER = "the bundle is older than files for devices: compile the model again"


class DeviceModel(NamedTuple):
    """The file that a device runs, or why there is none.

    Attributes:
        file: ``device.tflite``, or ``model.tflite`` where that has fixed sizes and one signature; empty with a reason.
        reason: why the bundle has no file for devices, in one sentence; empty where it has one.
        signature: the signature of the manifest that the file computes.
        operators: those of the preprocessing program before the file, in their order, each once.
    """

    file: str = ""
    reason: str = ""
    signature: str = ""
    operators: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form."""
        if self.reason:
            return {"reason": self.reason}
        return {
            "file": self.file,
            "signature": self.signature,
            **({"operators": list(self.operators)} if self.operators else {}),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> DeviceModel:
        """Return the entry of a manifest; raises BundleError for another form."""
        try:
            if not record:
                return cls(reason=OLDER)
            if "reason" in record:
                return cls(reason=str(record["reason"]) or "no reason was recorded")
            operators = tuple(map(str, record.get("operators", ())))
            return cls(str(record["file"]), "", str(record["signature"]), operators)
        except (LookupError, TypeError, AttributeError) as error:
            raise BundleError("the manifest's entry about devices is invalid", detail=repr(error)) from None
