"""One compile, as the process that opens the model file is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class BuildJob:
    """A model file to compile into a folder.

    Attributes:
        source: a .keras, .h5, .hdf5 or .tflite file, or a SavedModel as a folder, .zip or .tar.gz.
        folder: empty; the bundle is made here.
        config: what :func:`lightship.compiler.config.read_config` returns.
        data: real inputs to compare on, see :mod:`lightship.compiler.verification.datafiles`.
        engine: ``litert`` or ``tensorflow`` to insist on one.
        trust: open a file although it holds code; recorded in the manifest.
        slow: accept a model that exceeds :mod:`lightship.compiler.limits`; recorded in the manifest.
        sandbox: the proof that held, added by the process that gave it; recorded in the manifest.
    """

    source: Path
    folder: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    data: Path | None = None
    engine: str | None = None
    trust: bool = False
    slow: bool = False
    sandbox: str = ""

    def to_json(self) -> dict[str, Any]:
        """The job with absolute paths, as JSON holds it."""
        paths = {"source": _absolute(self.source), "folder": _absolute(self.folder), "data": _absolute(self.data)}
        return asdict(self) | {"config": dict(self.config)} | paths

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> BuildJob:
        """The inverse of :meth:`to_json`."""
        data = record["data"]
        paths = {"source": Path(record["source"]), "folder": Path(record["folder"])}
        return cls(**{**record, **paths, "data": Path(data) if data else None})


def _absolute(path: Path | None) -> str | None:
    return str(path.resolve()) if path else None
