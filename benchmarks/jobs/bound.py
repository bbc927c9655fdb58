"""Bound of jobs: read and parse the input, run LiteRT, write the output of a job.

There is no queue, ledger or registry, no validation of rows, and no S3 for a file of rows. Images are read from S3 by
concurrent requests.
``python -m benchmarks.jobs.bound`` reads parameters from standard input and writes figures to standard output, as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from pyarrow import csv

from benchmarks.jobs import inputs
from benchmarks.jobs.clock import Clock
from lightship.aws.objects import Objects
from lightship.formats import csv_columns, csv_files, tar
from lightship.tensors import Array

_ROWS = 4096
_CACHED_BYTES = 256 * 1024
_BLOCK = 8 * 1024 * 1024
_REQUESTS = 16


class LiteRT:
    """Model of one input and one output, in batches that fit in a core's cache."""

    def __init__(self, path: str) -> None:
        self._interpreter = Interpreter(model_path=path, num_threads=1)
        (self._input,) = (entry["index"] for entry in self._interpreter.get_input_details())
        (self._output,) = (entry["index"] for entry in self._interpreter.get_output_details())
        self._shape: tuple[int, ...] = ()

    def run(self, rows: Array) -> Array:
        """Return the predictions of all rows."""
        step = min(_ROWS, max(1, _CACHED_BYTES // rows[0].nbytes))
        return np.concatenate([self._batch(rows[start : start + step]) for start in range(0, len(rows), step)])

    def _batch(self, rows: Array) -> Array:
        if rows.shape != self._shape:
            self._interpreter.resize_tensor_input(self._input, rows.shape)
            self._interpreter.allocate_tensors()
            self._shape = rows.shape
        self._interpreter.set_tensor(self._input, rows)
        self._interpreter.invoke()
        outputs: Array = self._interpreter.get_tensor(self._output)
        return outputs


def score_table(model: LiteRT, source: str | Path, target: Path) -> None:
    """Score a table with the quickstart model, in blocks for better use of the cache."""
    with Path(source).open("rb") as file, target.open("wb") as output:
        header = csv_files.header(file.readline())
        assert header is not None, f"{source} has no header"
        added = ("predicted_malignancy", "probability_benign", "probability_malignant")
        output.write(csv_files.preamble([*header.columns, *added]))
        while block := file.read(_BLOCK):
            block += file.readline()
            malignant = model.run(_numbers(block, header.columns))[:, 0]
            likeliest = np.array(["benign", "malignant"], object)[(malignant > 0.5).astype(int)].tolist()
            output.writelines(_appended(block, [likeliest, 1 - malignant, malignant]))


def _appended(block: bytes, columns: list[Any]) -> list[bytes | memoryview]:
    appended = csv_columns.append(block, columns)
    assert appended is not None, "the rows have other columns than the outputs"
    return appended


def score_images(model: LiteRT, source: str, target: Path) -> None:
    """Score the single images below a prefix with the digits model."""
    _score(model, _get_all(source), target)


def score_packed(model: LiteRT, source: str, target: Path) -> None:
    """Score the images in the tar files below a prefix with the digits model."""
    packed = ((data, tar.members([data])) for _, data in _get_all(source))
    found = (
        (member.name, data[member.data : member.data + member.size]) for data, members in packed for member in members
    )
    _score(model, found, target)


def _get_all(location: str) -> Iterator[tuple[str, bytes]]:
    """Yield key and content of all objects below a prefix, requested concurrently."""
    bucket, prefix = urlsplit(location).netloc, urlsplit(location).path[1:]
    objects = Objects(bucket)

    def get(key: str) -> bytes:
        found = objects.get(key)
        assert found is not None, key
        return found.data

    keys = [entry.key for entry in objects.list(prefix)]
    with ThreadPoolExecutor(_REQUESTS) as threads:
        yield from zip(keys, threads.map(get, keys), strict=True)


def _score(model: LiteRT, images: Iterable[tuple[str, bytes]], target: Path) -> None:
    keys, pixels = zip(*((key, np.asarray(Image.open(io.BytesIO(data)))) for key, data in images), strict=True)
    digits = model.run(np.stack(pixels)[..., None] / np.float32(255))
    likeliest = np.array(list("0123456789"), object)[digits.argmax(axis=1)].tolist()
    names = "\n".join(keys).encode()
    with target.open("wb") as output:
        output.write(csv_files.preamble(["key", "predicted_digit", *(f"probability_{digit}" for digit in range(10))]))
        output.writelines(_appended(names, [likeliest, *digits.T]))


def _numbers(block: bytes, columns: tuple[str, ...]) -> Array:
    options = csv.ReadOptions(column_names=columns, use_threads=False, block_size=len(block) + 1)
    table = csv.read_csv(pyarrow.BufferReader(block), read_options=options)
    rows = np.empty((table.num_rows, len(columns)), np.float32)
    for index, column in enumerate(table.columns):
        rows[:, index] = column.to_numpy()
    return rows


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters: dict[str, Any] = json.load(sys.stdin)
    model = LiteRT(parameters["model"])
    score: Any = {inputs.TABLE: score_table, inputs.SINGLE: score_images, inputs.PACKED: score_packed}[
        parameters["input"]
    ]
    target = Path(parameters["target"])
    score(model, parameters["warm"], target)
    clock = Clock()
    score(model, parameters["source"], target)
    json.dump(clock.stop(), sys.stdout)


if __name__ == "__main__":
    main()
