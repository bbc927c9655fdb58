"""Parameters of one compile, passed to the process that opens the model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lightship.compiler.compression.budget import Budget
from lightship.settings import NO_TRANSFORMS, TransformSettings


@dataclass(frozen=True)
class BuildJob:
    """Model file to compile, target folder and options.

    Attributes:
        source: a model file, or the folder of a SavedModel.
        folder: an empty folder, to which the bundle is written.
        config: what :func:`lightship.compiler.declarations.config.read_config` returns.
        data: file of real inputs for the comparison, see :mod:`lightship.compiler.verification.datafiles`. The bundle
            is evaluated on it where it has targets.
        target: column of ``data`` with the targets; None for the one named like the output.
        skip_bad: leave out rows of ``data`` that do not fit, and list them, instead of an error.
        engine: ``litert`` or ``tensorflow`` to require that engine; None prefers LiteRT.
        trust: open the file even if it holds code; recorded in the manifest.
        slow: accept a model that exceeds :mod:`lightship.compiler.limits`; recorded in the manifest.
        files: files beside model.yaml that it names, by name, see :mod:`lightship.compiler.declarations.named_files`.
        sandbox: the proof of confinement, set by the child process; recorded in the manifest.
        transforms: the user's transforms that model.yaml may name.
        budget: limits of a smaller or faster variant; None keeps the exact model.
        scratch: folder for what the compression needs; None without a budget.
    """

    source: Path
    folder: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    data: Path | None = None
    target: str | None = None
    skip_bad: bool = False
    engine: str | None = None
    trust: bool = False
    slow: bool = False
    files: Mapping[str, Path] = field(default_factory=dict)
    sandbox: str = ""
    transforms: TransformSettings = NO_TRANSFORMS
    budget: Budget | None = None
    scratch: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the job as a JSON-serialisable dictionary with absolute paths."""
        paths = {name: _absolute(getattr(self, name)) for name in ("source", "folder", "data", "scratch")}
        files = {name: _absolute(path) for name, path in self.files.items()}
        others = {"config": dict(self.config), "files": files, "transforms": self.transforms.to_json()}
        return asdict(self) | others | paths

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> BuildJob:
        """Return the job in a dictionary that :meth:`to_json` made."""
        paths = {
            name: Path(path) if (path := record.get(name)) else None for name in ("source", "folder", "data", "scratch")
        }
        files = {name: Path(path) for name, path in record.get("files", {}).items()}
        transforms = TransformSettings.from_json(record.get("transforms"))
        budget = Budget(**record["budget"]) if record.get("budget") else None
        others = {"files": files, "transforms": transforms, "budget": budget}
        return cls(**{**record, **paths, **others})


def _absolute(path: Path | None) -> str | None:
    return str(path.resolve()) if path else None
