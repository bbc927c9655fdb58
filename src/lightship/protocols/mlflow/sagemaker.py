"""SageMaker's additions to MLflow's protocol: custom attributes and Accept.

``X-Amzn-SageMaker-Custom-Attributes: signature=NAME,outputs=A;B`` selects a signature and outputs; other attributes are
ignored. As containers do, the response returns the attributes in a header of the same name.
"""

from __future__ import annotations

import re
from typing import Any

from lightship.errors import InvalidInput
from lightship.protocols.http import Request
from lightship.tensors import Signature

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"

# SageMaker's limit: at most 1,024 printable ASCII characters.
_VALUE = re.compile(r"[ -~]{1,1024}")


def attributes_of(request: Request) -> str:
    """Return the request's custom attributes, empty if missing.

    Raises InvalidInput for a value beyond SageMaker's limit.
    """
    text = request.headers.get(ATTRIBUTES, "")
    if text and not _VALUE.fullmatch(text):
        raise InvalidInput(f"{ATTRIBUTES} must be up to 1024 printable ASCII characters")
    return text


def selection_of(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the signature and outputs that custom attributes select.

    Raises InvalidInput for an output that is named twice.
    """
    pairs = [pair.partition("=") for pair in text.split(",")]
    values = {name.strip(): value.strip() for name, separator, value in pairs if separator}
    outputs = tuple(filter(None, values.get("outputs", "").split(";")))
    if len(set(outputs)) < len(outputs):
        raise InvalidInput(f"{ATTRIBUTES} names an output twice")
    return values.get("signature") or None, outputs


def accepts(request: Request, media_type: str) -> bool:
    """Return whether a media type is the first in the request's ``Accept``."""
    return request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower() == media_type


def check_single(signature: Signature, outputs: tuple[str, ...]) -> None:
    """Raise InvalidInput where a response of one array would need several."""
    names: Any = outputs or [spec.name for spec in signature.outputs]
    if len(names) != 1:
        raise InvalidInput(
            f"application/x-npy holds one output, but the response has {', '.join(names)}: select one with "
            f"{ATTRIBUTES}: outputs=NAME"
        )
