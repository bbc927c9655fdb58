"""What SageMaker's clients send beside MLflow's bodies: custom attributes and the media type of the answer.

``X-Amzn-SageMaker-Custom-Attributes: signature=NAME,outputs=A;B`` chooses a signature and outputs; other attributes
are ignored. Containers give the attributes back in the answer's header of the same name.
"""

from __future__ import annotations

import re
from typing import Any

from lightship.errors import InvalidInput
from lightship.protocols.http import Request
from lightship.tensors import Signature

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"

# SageMaker's bound: printable ASCII, at most 1,024 characters.
_VALUE = re.compile(r"[ -~]{1,1024}")


def attributes_of(request: Request) -> str:
    """Return the request's custom attributes; empty without any, raises InvalidInput where no header can hold them."""
    text = request.headers.get(ATTRIBUTES, "")
    if text and not _VALUE.fullmatch(text):
        raise InvalidInput(f"{ATTRIBUTES} must be up to 1024 printable ASCII characters")
    return text


def chosen(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the signature and the outputs that custom attributes choose; raises InvalidInput for an output twice."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    values = {name.strip(): value.strip() for name, separator, value in pairs if separator}
    outputs = tuple(filter(None, values.get("outputs", "").split(";")))
    if len(set(outputs)) < len(outputs):
        raise InvalidInput(f"{ATTRIBUTES} names an output twice")
    return values.get("signature") or None, outputs


def accepts(request: Request, media_type: str) -> bool:
    """Return whether this is the media type that the client wants first."""
    return request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower() == media_type


def check_single(signature: Signature, outputs: tuple[str, ...]) -> None:
    """Raise InvalidInput where an answer that holds one array would have to hold several."""
    names: Any = outputs or [spec.name for spec in signature.outputs]
    if len(names) != 1:
        raise InvalidInput(
            f"application/x-npy holds one output, the answer has {', '.join(names)}: choose one with "
            f"{ATTRIBUTES}: outputs=NAME"
        )
