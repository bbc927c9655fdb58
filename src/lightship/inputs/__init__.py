"""Kinds of input: decoding of encoded bytes and named columns to tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightship.errors import InvalidInput, UnsupportedMedia
from lightship.inputs.kinds import KINDS, check_options, configurable, configure, decode, files, kind_of
from lightship.tensors import Array, Signature, TensorSpec
from lightship.tensors.specs import check_counts

__all__ = [
    "KINDS",
    "check_options",
    "completed",
    "configurable",
    "configure",
    "decode",
    "decode_body",
    "decode_by_name",
    "files",
    "kind_of",
    "media_types",
]

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})  # ASCII is valid UTF-8


def decode_by_name(values: Mapping[str, Any], signature: Signature) -> dict[str, Array]:
    """Return an object of inputs as arrays of rows; raises InvalidInput.

    The object may lack an input that may be missing. Of several wrong inputs, that of the first row is named.
    """
    arrays, errors = {}, []
    for spec in signature.inputs:
        try:
            if spec.name in values:
                arrays[spec.name] = decode(values[spec.name], spec)
        except InvalidInput as error:
            errors.append(error)
    if errors:
        raise min(errors, key=lambda error: error.row or 0)
    return completed(arrays, signature.inputs)


def completed(arrays: Mapping[str, Array], specs: Sequence[TensorSpec]) -> dict[str, Array]:
    """Return arrays by name, and those of absent inputs that may be missing.

    Such an input is null in each row. Raises InvalidInput where the other inputs have different numbers of rows.
    """
    absent = [spec for spec in specs if spec.name not in arrays and kind_of(spec).may_be_absent(spec)]
    if not absent:
        return dict(arrays)
    check_counts(arrays, specs)
    batches = (arrays[spec.name] for spec in specs if spec.batched and spec.name in arrays)
    rows = next((len(array) for array in batches if array.ndim), 1)
    return {**arrays, **{spec.name: decode([None] * rows, spec) for spec in absent}}


def decode_body(body: bytes, media_type: str, signature: Signature, parameters: Mapping[str, str]) -> dict[str, Array]:
    """Return a request body as the inputs of a signature.

    ``parameters`` are those of the media type. Raises UnsupportedMedia or InvalidInput.
    """
    from lightship.inputs import tables  # imported here: JSON bodies do not need it

    accepted = media_types(signature)
    if media_type not in accepted[1:]:
        _check_workbook(body)
        raise UnsupportedMedia(
            f"the content type is {media_type or 'missing'}: this model accepts {', '.join(accepted)}"
        )
    if media_type == tables.MEDIA_TYPE:
        try:
            return tables.from_csv(body, signature, parameters)
        except InvalidInput as error:
            raise error.in_table() from None
    _check_charset(media_type, parameters)
    (spec,) = signature.inputs
    return {spec.name: kind_of(spec).decode_body(body, spec)}


def _check_workbook(body: bytes) -> None:
    from lightship.formats import workbooks

    if workbooks.is_workbook(body):
        raise UnsupportedMedia(f"the body is a workbook of a spreadsheet program: {workbooks.HINT}")


def _check_charset(media_type: str, parameters: Mapping[str, str]) -> None:
    charset = parameters.get("charset", "utf-8")
    if media_type.startswith("text/") and charset.lower() not in _CHARSETS:
        raise UnsupportedMedia(f"the content type has charset={charset[:80]}: send the text as UTF-8")


def media_types(signature: Signature) -> list[str]:
    """Return the media types that a signature accepts, JSON first."""
    from lightship.inputs import tables

    own = kind_of(signature.inputs[0]).media_types if len(signature.inputs) == 1 else ()
    return ["application/json", *own, *([tables.MEDIA_TYPE] if tables.readable(signature) else [])]
