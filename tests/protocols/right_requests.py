"""Valid requests of every protocol, for the small bundles and the examples.

The fuzz test mutates them.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import Any

import orjson
from PIL import Image

LENGTH = "inference-header-content-length"


@dataclass(frozen=True)
class Sent:
    """A POST request as the entry receives it, and the server's default model."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    default: str = "pair"


def as_json(path: str, *bodies: Any, default: str = "pair") -> list[Sent]:
    return [Sent(path, orjson.dumps(body), {"content-type": "application/json"}, default) for body in bodies]


def as_v2(model: str, *inputs: dict[str, Any], tail: bytes = b"", **fields: Any) -> Sent:
    text = orjson.dumps({"inputs": inputs, "id": "1", **fields})
    headers = {LENGTH: str(len(text))} if tail else {}
    return Sent(f"/v2/models/{model}/infer", text + tail, headers)


def tensor(name: str, datatype: str, shape: list[int], data: list[Any] | None = None, size: int = 0) -> dict[str, Any]:
    item = {"name": name, "datatype": datatype, "shape": shape}
    return {**item, "parameters": {"binary_data_size": size}} if data is None else {**item, "data": data}


def png() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((8, 8)).save(file, "PNG")
    return file.getvalue()


def jpeg() -> bytes:
    """Return a JPEG with the metadata of a camera."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010E], exif[0x011A] = (
        6,
        "a gradient, turned round",
        72.0,
    )  # orientation, description, resolution
    Image.linear_gradient("L").resize((16, 8)).convert("RGB").save(file, "JPEG", exif=exif)
    return file.getvalue()


PICTURE = png()
CSV, PNG, JPEG = {"content-type": "text/csv"}, {"content-type": "image/png"}, {"content-type": "image/jpeg"}
BINARY = {"binary_data_output": True}
X = tensor("x", "FP32", [2, 2], [1, 4, 2.5, 3])
PAIR = {"a": [[1, 2], [3, 4]], "b": [[10], [20]]}
ROWS = [{"a": [1, 2], "b": [10]}, {"a": [3, 4], "b": [20]}]
COLUMNS = {"columns": ["a_0", "a_1", "b"], "index": [0, 1], "data": [[1, 2, 10], [3, 4, 20]]}
TABLE = {"mean radius": 14.1, "mean texture": 19.3, "mean concavity": 0.09}

RIGHT: dict[str, list[Sent]] = {
    "native": [
        *as_json("/models/pair/predict", {"input": PAIR, "outputs": ["sum"]}),
        *as_json(
            "/models/modes/predict", {"input": [[1, 4]], "signature": "halve"}, {"input": {"b64": "AACAPwAAgEA="}}
        ),
        *as_json("/models/words/predict", {"input": ["ahoy", {"b64": "/w=="}]}),
        *as_json("/models/counts/versions/1/predict", {"input": [[1, 2, 3]]}),
        *as_json("/models/flags/predict", {"input": [[True, False]]}),
        *as_json("/models/scorer/predict", {"input": [[0, 1000]]}),
        *as_json("/predict", {"input": TABLE}, {"input": [14.1, 19.3, 0.09]}, default="quickstart"),
        Sent("/predict", b"mean radius,mean texture,mean concavity\n14.1,19.3,0.09\n", CSV, "quickstart"),
        Sent("/predict", PICTURE, PNG, "digits"),
        Sent("/predict", jpeg(), JPEG, "digits"),
        *as_json("/predict", {"input": base64.b64encode(PICTURE).decode()}, default="digits"),
        *as_json("/models/modes/explain", {"input": [[1, 4]]}, {"input": [[1, 4]], "target": 1, "signature": "halve"}),
        *as_json("/models/pair/versions/1/explain", {"input": PAIR, "outputs": ["product"]}),
        *as_json("/models/quickstart/explain", {"input": TABLE, "target": "benign"}, default="quickstart"),
        Sent("/models/digits/explain", PICTURE, PNG, "digits"),
    ],
    "tfserving": [
        *as_json("/v1/models/pair:predict", {"instances": ROWS}, {"inputs": PAIR}),
        *as_json("/v1/models/modes:predict", {"signature_name": "halve", "instances": [[1.5, 2], [3, 4]]}),
        *as_json("/v1/models/half_plus_two/versions/1:regress", {"context": {"x": 80}, "examples": [{}, {"x": 1.5}]}),
        *as_json("/v1/models/scorer:classify", {"examples": [{"x": [0, 1000]}]}),
        *as_json("/v1/models/words:predict", {"instances": ["ahoy", {"b64": "/w=="}]}),
        *as_json("/v1/models/flags:predict", {"inputs": [[True, False]]}),
        *as_json("/v1/models/pair:explain", {"instances": ROWS}, {"inputs": PAIR, "target": 0}),
        Sent("/v1/models/roots:predict", b'{"instances": [[NaN, -Infinity], [1, 2]]}'),
    ],
    "openinference": [
        as_v2("modes", X, outputs=[{"name": "y", "parameters": {"binary_data": True}}]),
        as_v2("modes", tensor("x", "FP32", [1, 2], size=8), tail=bytes(8), parameters=BINARY),
        as_v2("scorer", X, outputs=[{"name": "y", "parameters": {"classification": 1}}]),
        as_v2("pair", tensor("a", "FP32", [1, 2], size=8), tensor("b", "FP32", [1, 1], [[1]]), tail=b"\0\0\x80?" * 2),
        as_v2("words", tensor("word", "BYTES", [2], size=13), tail=b"\4\0\0\0ahoy\1\0\0\0\xff", parameters=BINARY),
        as_v2("words", tensor("word", "BYTES", [2], ["ahoy", ""]), outputs=[{"name": "upper"}]),
        as_v2("flags", tensor("f", "BOOL", [1, 2], size=2), tail=b"\0\1"),
        as_v2("counts", tensor("n", "INT32", [1, 3], [1, -2, 3]), parameters={"signature_name": "serving_default"}),
        Sent("/v2/models/modes/infer", bytes(16), {LENGTH: "0"}),
        *as_json("/v2/repository/index", {"ready": True}),
        *as_json("/v2/repository/models/flags/load", {"parameters": {}}),
    ],
    "mlflow": [
        *as_json("/invocations", {"dataframe_split": COLUMNS}, {"dataframe_records": ROWS}, {"instances": ROWS}),
        *as_json("/invocations", {"inputs": PAIR, "params": {"temperature": 1}}),
        *as_json("/invocations", {"dataframe_records": [TABLE]}, {"inputs": [TABLE]}, default="quickstart"),
        *as_json("/invocations", {"inputs": ["ahoy", {"b64": "/w=="}]}, default="words"),
        *as_json("/invocations", {"inputs": [1, 4]}, {"instances": [{"x": [1, 4]}]}, default="modes"),
        Sent("/invocations", b"p,q\n1,4\n2,3\n", CSV, "modes"),
        Sent("/invocations", PICTURE, PNG, "digits"),
        Sent("/invocations", b"[1,2,10]\n[3,4,20]\n", {"content-type": "application/jsonlines"}),
        Sent("/invocations", b'{"instances": [{"a": [NaN, 1], "b": [-Infinity]}]}'),
    ],
}
