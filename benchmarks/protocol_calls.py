"""Requests of every protocol to the entry in this process, and their bounds.

``python -m benchmarks.protocol_calls`` reads parameters from standard input and writes figures to standard output
(JSON).
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from ai_edge_litert.interpreter import Interpreter

from benchmarks.figures import percentile
from benchmarks.stacks import ROOT
from lightship.protocols.http import Request, Response

TOLERANCE = 1e-6

_ROWS = 16
_EVENT: dict[str, Any] = json.loads((ROOT / "events" / "predict.json").read_text())
_BINARY = "application/octet-stream"
_HEADER_LENGTH = "inference-header-content-length"

Row = list[float]


@dataclass(frozen=True)
class Way:
    """One form of request for a prediction.

    Attributes:
        name: the name in the tables.
        bound: the name of the way to compare with.
        requests: the argument of ``send`` for each row.
        send: the function that is timed.
        read: extracts the prediction from the result of ``send``, to be compared with LiteRT's.
    """

    name: str
    bound: str
    requests: Sequence[Any]
    send: Callable[[Any], Any]
    read: Callable[[Any], Any]


class _Bound:
    """Decoding, LiteRT and encoding without a protocol or checks."""

    def __init__(self, model: Path) -> None:
        self.interpreter = Interpreter(model_path=str(model), num_threads=1)
        self.interpreter.allocate_tensors()
        self._input = self.interpreter.get_input_details()[0]["index"]
        self._output = self.interpreter.get_output_details()[0]["index"]

    def run(self, row: np.ndarray) -> np.ndarray:
        """Return the output for a batch of one row."""
        self.interpreter.set_tensor(self._input, row)
        self.interpreter.invoke()
        output: np.ndarray = self.interpreter.get_tensor(self._output)
        return output

    def json(self, body: bytes) -> bytes:
        """Return the JSON response to a JSON request."""
        row = np.array([orjson.loads(body)["input"]], dtype=np.float32)
        return orjson.dumps(self.run(row), option=orjson.OPT_SERIALIZE_NUMPY)

    def binary(self, body: bytes) -> bytes:
        """Return the output's bytes for the input's bytes."""
        return self.run(np.frombuffer(body, np.float32).reshape(1, -1)).tobytes()


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    plan, source = parameters["plan"], random.Random(7)  # noqa: S311
    rows = [[round(source.uniform(0, 1), 4) for _ in range(parameters["width"])] for _ in range(_ROWS)]
    bound = _Bound(Path(parameters["path"]))
    ways = [*_bounds(bound, rows), *_protocols(parameters["model"], rows, bound)]
    for way in ways:
        _check(way, rows, bound)
    samples: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(plan["rounds"]):
        for way in ways:
            samples[way.name] += _microseconds(way, plan["requests"])
    json.dump({way.name: _figures(way, samples) for way in ways}, sys.stdout)


def _bounds(bound: _Bound, rows: Sequence[Row]) -> list[Way]:
    return [
        Way("bound, JSON", "bound, JSON", [_dump({"input": row}) for row in rows], bound.json, orjson.loads),
        Way("bound, binary", "bound, binary", [_bytes(row) for row in rows], bound.binary, _floats),
    ]


def _protocols(model: str, rows: Sequence[Row], bound: _Bound) -> Iterator[Way]:
    from lightship.handlers.predict import handler_for  # reads the environment and loads the model

    entry = handler_for().core.entry

    def send(request: tuple[str, dict[str, str], bytes]) -> Response:
        path, headers, body = request
        response = entry.answer(Request("POST", path, "", headers, body), _EVENT)
        assert response is not None
        return response

    native, infer = f"/models/{model}/predict", f"/v2/models/{model}/infer"
    (name,) = bound.interpreter.get_signature_runner().get_input_details()

    def way(title: str, path: str, make: Callable[[Row], Any], read: Callable[[Response], Any]) -> Way:
        return Way(title, "bound, JSON", [(path, _headers(), _dump(make(row))) for row in rows], send, read)

    yield way("native", "/predict", lambda row: {"input": row}, _json)
    yield way("native, by name", native, lambda row: {"input": row}, lambda response: _json(response)["predictions"])
    yield way(
        "TensorFlow Serving, instances",
        f"/v1/models/{model}:predict",
        lambda row: {"instances": [row]},
        lambda response: _json(response)["predictions"],
    )
    yield way(
        "MLflow, SageMaker",
        "/invocations",
        lambda row: {"inputs": [row]},
        lambda response: _json(response)["predictions"],
    )
    yield way(
        "Open Inference V2, JSON",
        infer,
        lambda row: {"inputs": [{"name": name, "datatype": "FP32", "shape": [1, len(row)], "data": row}]},
        lambda response: _json(response)["outputs"][0]["data"],
    )
    binary = [(infer, *_infer_binary(name, row)) for row in rows]
    yield Way("Open Inference V2, binary", "bound, binary", binary, send, _read_binary)


def _infer_binary(name: str, row: Row) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a request with binary input and output.

    The format is that of Triton's client.
    """
    data = _bytes(row)
    tensor = {"name": name, "datatype": "FP32", "shape": [1, len(row)], "parameters": {"binary_data_size": len(data)}}
    text = _dump({"inputs": [tensor], "parameters": {"binary_data_output": True}})
    return {**_headers(), "content-type": _BINARY, _HEADER_LENGTH: str(len(text))}, text + data


def _read_binary(response: Response) -> Any:
    assert response.status == 200, response.body
    return _floats(response.body[int(response.headers[_HEADER_LENGTH]) :])


def _json(response: Response) -> Any:
    assert response.status == 200, response.body
    return orjson.loads(response.body)


def _headers() -> dict[str, str]:
    return dict(_EVENT["headers"])


def _dump(value: Any) -> bytes:
    return orjson.dumps(value)


def _bytes(row: Row) -> bytes:
    return np.array(row, dtype="<f4").tobytes()


def _floats(data: bytes) -> np.ndarray:
    return np.frombuffer(data, "<f4")


def _check(way: Way, rows: Sequence[Row], bound: _Bound) -> None:
    for row, request in zip(rows, way.requests, strict=True):
        expected = bound.run(np.array([row], dtype=np.float32)).ravel()
        actual = np.ravel(way.read(way.send(request)))
        equal = actual.shape == expected.shape and np.allclose(actual, expected, atol=TOLERANCE)
        assert equal, f"{way.name} returns a wrong prediction"


def _microseconds(way: Way, count: int) -> list[float]:
    send, clock = way.send, time.perf_counter_ns
    taken = []
    for request in islice(cycle(way.requests), count):
        start = clock()
        send(request)
        taken.append((clock() - start) / 1000)
    return taken


def _figures(way: Way, samples: dict[str, list[float]]) -> dict[str, Any]:
    p50, bound = percentile(samples[way.name], 50), percentile(samples[way.bound], 50)
    return {
        "bound": way.bound,
        "p50_us": p50,
        "p99_us": percentile(samples[way.name], 99),
        "requests": len(samples[way.name]),
        "times_bound": round(p50 / bound, 3),
    }


if __name__ == "__main__":
    main()
