"""Channels by which integers reach a model: functions from rows to returned rows.

The models are those of :mod:`tests.integers.models`, which return their input, so any difference was made by the
channel.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow
from click.testing import CliRunner
from pyarrow import parquet

from lightship.aws.stack import StackSettings
from lightship.cli import lightship
from lightship.dispatch.dispatcher import Dispatcher
from lightship.handlers.queues import QueueHandler
from lightship.handlers.replies import ReplyClients
from lightship.handlers.requests import Services, work
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from tests.handlers.records import Context, failures, with_bodies
from tests.jobs.clouds import moto_cloud
from tests.jobs.scoring import scored

Rows = list[list[int]]
NAMES = ("n_0", "n_1", "n_2")
OUTPUTS = ("predicted_m_0", "predicted_m_1", "predicted_m_2")


@dataclass(frozen=True)
class Endpoint:
    """Model under test: registry, name, dtype, and a folder for files."""

    registry: Path
    model: str
    dtype: str
    folder: Path
    bucket: str = ""

    def request(self, path: str, body: bytes, media_type: str, **headers: str) -> tuple[int, bytes]:
        """Return status and body of a request's response; the model is the default."""
        service = Dispatcher(Serving(Registry(str(self.registry)), Options(default=self.model)))
        named = {"content-type": media_type} | {name.replace("_", "-"): value for name, value in headers.items()}
        response = service.answer(Request("POST", path, headers=named, body=body, caller="me"))
        assert response is not None
        return response.status, response.body

    def post(self, path: str, body: Any, media_type: str = "application/json", **headers: str) -> Any:
        """Return the JSON of a successful response."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, response = self.request(path, data, media_type, **headers)
        assert status == 200, response
        return json.loads(response)

    def command(self, source: str, stdin: bytes | None = None) -> Rows:
        """Run ``lightship predict``."""
        words = ["predict", self.model, source, "--json", "--registry", str(self.registry)]
        result = CliRunner().invoke(lightship, words, input=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout.splitlines()[-1])["predictions"]

    def file(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def job(self, name: str, data: bytes, output: str | None = None) -> Rows:
        """Score a file in a job, and read the first part of its output."""
        with moto_cloud(self.registry, self.model) as cloud:
            _, receipt, files = scored(cloud, self.model, name, data, output=output)
        assert receipt["rows"]["rejected"] == 0, files
        ((ending, part),) = [(key, data) for key, data in files.items() if key.startswith("part-")]
        return READERS[ending.rpartition(".")[2]](part)

    def queue(self, request: dict[str, Any]) -> Any:
        """Process a request message, with the response as an object in S3."""
        clients = [boto3.client(name) for name in ("s3", "sqs", "events")]
        stack = StackSettings(self.bucket, str(self.registry))
        services = Services(
            Dispatcher(Serving(Registry(str(self.registry)), Options(default=self.model))),
            ReplyClients(stack, *clients),
        )
        event = with_bodies("requests", {"schema": 1, "id": "a", "request": request, "reply": {"s3": "replies/"}})
        assert failures(QueueHandler("requests", lambda message: work(message, services))(event, Context())) == []
        record = json.loads(clients[0].get_object(Bucket=self.bucket, Key="replies/a.json")["Body"].read())
        for client in clients:
            client.close()
        assert record["status"] == 200, record
        return json.loads(record["body"])


def from_csv(data: bytes) -> Rows:
    return [[int(row[name]) for name in OUTPUTS] for row in csv.DictReader(io.StringIO(data.decode()))]


def from_lines(data: bytes) -> Rows:
    return [[json.loads(line)[name] for name in OUTPUTS] for line in data.splitlines()]


def from_parquet(data: bytes) -> Rows:
    return [[row[name] for name in OUTPUTS] for row in parquet.read_table(io.BytesIO(data)).to_pylist()]


READERS: dict[str, Callable[[bytes], Rows]] = {"csv": from_csv, "jsonl": from_lines, "parquet": from_parquet}


def named(rows: Rows) -> list[dict[str, int]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def as_csv(rows: Rows, *, header: bool = True) -> bytes:
    lines = [NAMES, *rows] if header else rows
    return b"".join(",".join(map(str, line)).encode() + b"\n" for line in lines)


def as_lines(values: list[Any]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def as_parquet(rows: Rows, kind: pyarrow.DataType) -> bytes:
    file = io.BytesIO()
    columns = {name: pyarrow.array(cells, kind) for name, cells in zip(NAMES, zip(*rows, strict=True), strict=True)}
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def tensor(rows: Rows, endpoint: Endpoint, data: Any) -> dict[str, Any]:
    return {
        "inputs": [{"name": "n", "datatype": endpoint.dtype.upper(), "shape": [len(rows), 3], **data}],
    }


def rows_of(response: Any) -> Rows:
    """Return the rows of an Open Inference Protocol response, whose data are flat."""
    flat = response["outputs"][0]["data"]
    return [flat[first : first + 3] for first in range(0, len(flat), 3)]


def v2(rows: Rows, endpoint: Endpoint, data: Any) -> Rows:
    return rows_of(endpoint.post(f"/v2/models/{endpoint.model}/infer", tensor(rows, endpoint, {"data": data})))


def v2_binary(rows: Rows, endpoint: Endpoint) -> Rows:
    raw = np.array(rows, endpoint.dtype).tobytes()
    head = json.dumps(tensor(rows, endpoint, {"parameters": {"binary_data_size": len(raw)}})).encode()
    length = {"inference_header_content_length": str(len(head))}
    return rows_of(
        endpoint.post(f"/v2/models/{endpoint.model}/infer", head + raw, "application/octet-stream", **length)
    )


def v1(endpoint: Endpoint, body: Any) -> Any:
    return endpoint.post(f"/v1/models/{endpoint.model}:predict", body)


def mlflow(endpoint: Endpoint, field: str, value: Any) -> Rows:
    return endpoint.post("/invocations", {field: value})["predictions"]


def base64_of(rows: Rows, endpoint: Endpoint) -> dict[str, str]:
    return {"b64": base64.b64encode(np.array(rows, endpoint.dtype).tobytes()).decode()}


def queued(endpoint: Endpoint, body: dict[str, Any]) -> Rows:
    return endpoint.queue({"path": "/predict", "headers": {"content-type": "application/json"}, **body})


Channel = Callable[[Rows, Endpoint], Rows]

PROTOCOLS: dict[str, Channel] = {
    "native": lambda rows, endpoint: endpoint.post("/predict", {"input": rows}),
    "native, by name": lambda rows, endpoint: endpoint.post("/predict", {"inputs": {"n": rows}}),
    "native, base64": lambda rows, endpoint: endpoint.post("/predict", {"input": base64_of(rows, endpoint)}),
    "native, a row": lambda rows, endpoint: [endpoint.post("/predict", {"input": row})[0] for row in rows],
    "native, CSV": lambda rows, endpoint: endpoint.post("/predict", as_csv(rows), "text/csv"),
    "v1 rows": lambda rows, endpoint: v1(endpoint, {"instances": rows})["predictions"],
    "v1 named rows": lambda rows, endpoint: v1(endpoint, {"instances": [{"n": row} for row in rows]})["predictions"],
    "v1 columns": lambda rows, endpoint: v1(endpoint, {"inputs": rows})["outputs"],
    "v1 named columns": lambda rows, endpoint: v1(endpoint, {"inputs": {"n": rows}})["outputs"],
    "v2 nested": lambda rows, endpoint: v2(rows, endpoint, rows),
    "v2 flat": lambda rows, endpoint: v2(rows, endpoint, [cell for row in rows for cell in row]),
    "v2 binary": v2_binary,
    "mlflow split": lambda rows, endpoint: mlflow(endpoint, "dataframe_split", {"columns": NAMES, "data": rows}),
    "mlflow unnamed split": lambda rows, endpoint: mlflow(endpoint, "dataframe_split", {"data": rows}),
    "mlflow records": lambda rows, endpoint: mlflow(endpoint, "dataframe_records", named(rows)),
    "mlflow instances": lambda rows, endpoint: mlflow(endpoint, "instances", rows),
    "mlflow inputs": lambda rows, endpoint: mlflow(endpoint, "inputs", {"n": rows}),
    "mlflow CSV": lambda rows, endpoint: endpoint.post("/invocations", as_csv(rows), "text/csv")["predictions"],
    "mlflow lines": lambda rows, endpoint: endpoint.post("/invocations", as_lines(rows), "application/jsonlines")[
        "predictions"
    ],
}

COMMANDS: dict[str, Channel] = {
    "JSON text": lambda rows, endpoint: endpoint.command(json.dumps(rows)),
    "JSON file": lambda rows, endpoint: endpoint.command(endpoint.file("rows.json", json.dumps(rows).encode())),
    "CSV file": lambda rows, endpoint: endpoint.command(endpoint.file("rows.csv", as_csv(rows))),
    "CSV file without header": lambda rows, endpoint: endpoint.command(
        endpoint.file("r.csv", as_csv(rows, header=False))
    ),
    "standard input": lambda rows, endpoint: endpoint.command("-", json.dumps({"input": rows}).encode()),
}

MESSAGES: dict[str, Channel] = {
    "JSON": lambda rows, endpoint: queued(endpoint, {"body": {"input": rows}}),
    "text": lambda rows, endpoint: queued(endpoint, {"body": json.dumps({"input": rows})}),
    "base64": lambda rows, endpoint: queued(
        endpoint, {"body_base64": base64.b64encode(json.dumps({"input": rows}).encode()).decode()}
    ),
}

JOBS: dict[str, Channel] = {
    "CSV": lambda rows, endpoint: endpoint.job("a.csv", as_csv(rows)),
    "CSV with quotes and signs": lambda rows, endpoint: endpoint.job(
        "a.csv",
        as_csv([[f'"{cell:+}"' for cell in row] for row in rows]),  # type: ignore[misc]
    ),
    "CSV to Parquet": lambda rows, endpoint: endpoint.job("a.csv", as_csv(rows), "parquet"),
    "JSON Lines": lambda rows, endpoint: endpoint.job("a.jsonl", as_lines(named(rows))),
    "JSON Lines to Parquet": lambda rows, endpoint: endpoint.job("a.jsonl", as_lines(named(rows)), "parquet"),
    "lists of JSON to Parquet": lambda rows, endpoint: endpoint.job("a.jsonl", as_lines(rows), "parquet"),
    "whole inputs of JSON": lambda rows, endpoint: endpoint.job("a.jsonl", as_lines([{"n": row} for row in rows])),
    "Parquet": lambda rows, endpoint: endpoint.job(
        "a.parquet", as_parquet(rows, pyarrow.type_for_alias(endpoint.dtype))
    ),
    "Parquet of decimals": lambda rows, endpoint: endpoint.job(
        "a.parquet", as_parquet(rows, pyarrow.decimal128(20, 0))
    ),
}
