"""Tensors: dtypes, specifications, strict conversion from JSON, validation."""

from lightship.tensors.nested import from_base64, is_row, json_type, to_array
from lightship.tensors.specs import DTYPES, MISSING, Array, Signature, TensorSpec, check_finite, validate

__all__ = [
    "DTYPES",
    "MISSING",
    "Array",
    "Signature",
    "TensorSpec",
    "check_finite",
    "from_base64",
    "is_row",
    "json_type",
    "to_array",
    "validate",
]
