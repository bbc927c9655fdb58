"""One request of each example: the first row of the inputs that train.py wrote."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.examples import ROOT
from lightship.bundle import Bundle
from lightship.tensors.specs import TensorSpec


@dataclass(frozen=True)
class Request:
    """Body of a request with its content type; any prediction is a correct answer."""

    body: bytes
    content_type: str

    def event(self) -> bytes:
        """Return an HTTP API event with this body; all but JSON is in base64."""
        event: dict[str, Any] = json.loads((ROOT / "events" / "predict.json").read_text())
        event["isBase64Encoded"] = binary = self.content_type != "application/json"
        event["body"] = (base64.b64encode(self.body) if binary else self.body).decode()
        event["headers"] |= {"content-type": self.content_type, "content-length": str(len(self.body))}
        return json.dumps(event, separators=(",", ":")).encode()

    def matches(self, body: str | bytes) -> bool:
        """Return whether a response is no error; agreement is checked by the compiler."""
        answer = json.loads(body)
        return not (isinstance(answer, dict) and "error" in answer)


def first_request(bundle: Bundle, inputs: Path) -> Request:
    """Return a request with the first row of ``inputs``, an .npz by input name."""
    specs = bundle.manifest.signature().inputs
    with np.load(inputs) as arrays:
        rows = {spec.name: arrays[spec.name][:1] for spec in specs}
    if len(specs) == 1 and (specs[0].kind or {}).get("type") == "image":
        return Request(_png(specs[0], rows[specs[0].name][0]), "image/png")
    body = {"input": {name: row.tolist() for name, row in rows.items()}}
    return Request(json.dumps(body).encode(), "application/json")


def _png(spec: TensorSpec, row: np.ndarray[Any, Any]) -> bytes:
    """Return the image that becomes this row."""
    kind = spec.kind or {}
    pixels = np.rint((row - np.asarray(kind.get("offset", 0.0))) / np.asarray(kind.get("scale", 1.0))).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(written, "png")
    return written.getvalue()
