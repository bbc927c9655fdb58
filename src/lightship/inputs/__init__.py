"""Kinds of input: how encoded bytes and named columns become tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.errors import UnsupportedMedia
from lightship.inputs.kinds import KINDS, check_options, configurable, configure, kind_of
from lightship.tensors import Array, Signature, TensorSpec

__all__ = [
    "KINDS",
    "check_options",
    "configurable",
    "configure",
    "decode",
    "decode_body",
    "kind_of",
    "media_types",
]


def decode(value: Any, spec: TensorSpec) -> Array:
    """Return a JSON value as an array of rows: in its kind's own form, or nested lists; raises InvalidInput."""
    return kind_of(spec).decode(value, spec)


def decode_body(body: bytes, media_type: str, signature: Signature, parameters: Mapping[str, str]) -> dict[str, Array]:
    """Return a request's body as the inputs of a signature; raises UnsupportedMedia or InvalidInput.

    ``parameters`` are those of the media type.
    """
    from lightship.inputs import tables  # JSON does not wait for tables

    accepted = media_types(signature)
    if media_type not in accepted[1:]:
        raise UnsupportedMedia(
            f"the body is {media_type or 'of no stated type'}: this model takes {', '.join(accepted)}"
        )
    if media_type == tables.MEDIA_TYPE:
        return tables.from_csv(body, signature, parameters)
    (spec,) = signature.inputs
    return {spec.name: kind_of(spec).decode_body(body, spec)}


def media_types(signature: Signature) -> list[str]:
    """Return the media types of bodies that feed a signature, JSON first."""
    from lightship.inputs import tables

    own = kind_of(signature.inputs[0]).media_types if len(signature.inputs) == 1 else ()
    return ["application/json", *own, *([tables.MEDIA_TYPE] if tables.readable(signature) else [])]
