"""Kinds of input: how encoded bytes and named columns become tensors; a plain tensor needs none.

Adding a kind: one file, one entry here, one test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lightship.errors import InvalidInput, UnsupportedMedia
from lightship.inputs import image, tabular
from lightship.tensors import Array, Signature, TensorSpec, to_array


class Kind(Protocol):
    """What the module of a kind offers."""

    MEDIA_TYPES: tuple[str, ...]

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Check model.yaml's options as far as they do not depend on the tensor. Raises InvalidInput."""

    def configure(self, spec: TensorSpec, options: Mapping[str, Any]) -> dict[str, Any]:
        """Check checked options against the tensor, fill in defaults. Raises InvalidInput."""

    def from_json(self, value: Any, spec: TensorSpec) -> Array | None:
        """A JSON value in this kind's own form as an array of rows; None where it is a plain tensor."""

    def from_body(self, body: bytes, signature: Signature, parameters: Mapping[str, str]) -> dict[str, Array] | None:
        """A whole request body as every input of a signature; None where the signature cannot be fed so.

        ``parameters`` are those of its media type.
        """

    def describe(self, spec: TensorSpec) -> list[dict[str, Any]]:
        """JSON schemas of what :meth:`from_json` takes for one row, beside the plain nested list."""


KINDS: dict[str, Kind] = {"image": image, "tabular": tabular}


def check_options(kind: str, options: Mapping[str, Any]) -> None:
    """Check the options of a kind before any model is there; raises InvalidInput."""
    if kind not in KINDS:
        raise InvalidInput(f"there is no kind '{kind:.100}', the kinds are {', '.join(KINDS)}")
    KINDS[kind].check_options(options)


def configure(spec: TensorSpec, kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The complete description of a kind for TensorSpec.kind; raises InvalidInput."""
    try:
        check_options(kind, options)
    except InvalidInput as error:
        raise InvalidInput(f"input '{spec.name}': {error.message}") from None
    return {"type": kind, **KINDS[kind].configure(spec, options)}


def kind_of(spec: TensorSpec) -> Kind | None:
    """The kind of an input, or None for a plain tensor."""
    return KINDS.get(spec.kind["type"]) if spec.kind else None


def from_json(value: Any, spec: TensorSpec) -> Array:
    """A JSON value as an array of rows for this input: in its kind's own form, or as a nested list."""
    if spec.kind is None or (kind := KINDS.get(spec.kind["type"])) is None:
        return to_array(value, spec)
    array = kind.from_json(value, spec)
    return to_array(value, spec) if array is None else array


def from_body(body: bytes, media_type: str, signature: Signature, parameters: Mapping[str, str]) -> dict[str, Array]:
    """A request body of a media type as the inputs of a signature; raises UnsupportedMedia or InvalidInput."""
    for kind in KINDS.values():
        if media_type in kind.MEDIA_TYPES:
            inputs = kind.from_body(body, signature, parameters)
            if inputs is not None:
                return inputs
    accepted = ", ".join(media_types(signature))
    raise UnsupportedMedia(f"the body is {media_type or 'of no stated type'}: this model takes {accepted}")


def media_types(signature: Signature) -> list[str]:
    """Media types a signature can be asked with, JSON first."""
    kinds = {id(kind): kind for spec in signature.inputs if (kind := kind_of(spec))}
    extra = [media for kind in kinds.values() for media in kind.MEDIA_TYPES]
    if "text/csv" not in extra and tabular.readable(signature):
        extra.append("text/csv")
    return ["application/json", *extra]
