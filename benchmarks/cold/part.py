"""Part ``cold``: bytes and blocks of an image that a cold start reads.

The files of each image are removed from the page cache, read-ahead is switched off, and a process answers one request.
The pages that are then in the cache are those that were read. Requires Linux and root.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from benchmarks import storage
from benchmarks.cold import blocks, files, pages
from benchmarks.examples import Example
from benchmarks.function import running
from benchmarks.runtime_api import RuntimeFailedError
from benchmarks.stacks import MODEL_NAME
from benchmarks.table import Row, Table, shown

_BASE = "base image"
_BUCKET = "lightship, models in a bucket"
_TOTAL = "total"
_CODE = "code and model"


def measure(registry: Path, keras_model: Path, example: Example, step: Callable[[str], None]) -> dict[str, Any]:
    """Return bytes and blocks that a cold start reads, by image and package.

    Returns ``{"not_measured": reason}`` where read-ahead cannot be switched off. Raises RuntimeError if packages
    cannot be installed, RuntimeFailedError if a function fails, AssertionError for a wrong answer.
    """
    if sys.platform != "linux" or os.geteuid():
        return {"not_measured": "only root on Linux may switch off read-ahead"}
    step("files of the images")
    ours = files.lightship(registry, MODEL_NAME)
    with storage.s3() as variables, tempfile.TemporaryDirectory() as cache:
        location = {"LIGHTSHIP_REGISTRY": storage.fill(registry, variables), "LIGHTSHIP_CACHE": cache}
        in_bucket = replace(ours, name=_BUCKET, variables={**ours.variables, **variables, **location})
        images = (ours, in_bucket, files.usual(keras_model), files.noop())
        return {"images": {image.name: _figures(image, example, step) for image in images}}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return 5


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return a table of the images, and one of the packages of Lightship's."""
    part = results["cold"]
    if "images" not in part:
        return [Table("Cold start", ("", "read"), ((f"not measured here: {part['not_measured']}", ""),))]
    heads = ("read", "blocks of 512 KiB", "blocks, each file apart", "files")
    images = tuple(
        _row(f"{name}: {what}", used[what]) for name, used in part["images"].items() for what in (_TOTAL, _BASE)
    )
    packages = [
        _row(f"{image}: {name}", used[name])
        for image, used in part["images"].items()
        if image in {"lightship", _BUCKET}
        for name in sorted(used.keys() - {_TOTAL}, key=lambda name: -used[name]["bytes"])
    ]
    return [
        Table("Cold start: what the first answer reads of an image", ("", *heads), images),
        Table("Cold start: Lightship's image by package", ("", *heads), tuple(packages)),
    ]


def _figures(image: files.Image, example: Example, step: Callable[[str], None]) -> dict[str, dict[str, int]]:
    """Return the use of an image by package, without packages that are not read."""
    step(f"cold start: {image.name}")
    used = blocks.use(_after_start(image, example))
    return {package or _TOTAL: asdict(use) for package, use in used.items() if use.bytes}


def _row(name: str, use: Mapping[str, int]) -> Row:
    numbers = (f"{use[key]:,}" for key in ("packed", "apart", "files"))
    return (name, shown(use["bytes"] / 1e6, "MB"), *numbers)


def _after_start(image: files.Image, example: Example) -> list[blocks.File]:
    """Return the files of an image after a process has answered one request.

    A file that a later layer replaces keeps its place, and is not read.
    """
    base = [files.Layer(folder, blocks.in_order(folder)) for folder in (image.python, image.runtime)]
    located = [(layer in base, layer.folder / path) for layer in (*base, *image.layers) for path in layer.files]
    paths = list(dict.fromkeys(path for _, path in located))
    pages.drop(paths)
    if kept := [path for path in paths if pages.resident(path)]:
        raise RuntimeFailedError(f"{len(kept)} files stay in the page cache, such as {kept[0].name}")
    with pages.without_read_ahead(image.task):
        read = _answer(image, example, paths)
    last = {path: number for number, (_, path) in enumerate(located)}
    packages = _packages(image.task)
    return [
        blocks.File(
            _BASE if of_base else packages.get(path.relative_to(image.task).parts[0], _CODE),
            path.stat().st_size,
            read[path] if last[path] == number else (),
        )
        for number, (of_base, path) in enumerate(located)
    ]


def _answer(image: files.Image, example: Example, paths: Sequence[Path]) -> dict[Path, tuple[int, ...]]:
    """Start the function, send one request, and return the pages in the cache."""
    with running(image.name, image.command(), image.task, image.environment()) as function:
        response = json.loads(function.api.invoke(example.event()).body)
        correct = response.get("statusCode") == 200 and (not image.predicts or example.matches(response["body"]))
        assert correct, f"{image.name} returns {str(response)[:500]}"
        return {path: tuple(pages.resident(path)) for path in paths}


def _packages(task: Path) -> dict[str, str]:
    """Return the package of each first folder of the paths of files."""
    return {
        file.parts[0]: distribution.name
        for distribution in distributions(path=[str(task)])
        for file in distribution.files or ()
    }
