"""Signatures of a model file, read in the sandbox without a compile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.compiler import sources
from lightship.compiler.sandbox import Confinement, Progress, Task, ignore_progress, run
from lightship.errors import LightshipError, SourceRefused
from lightship.tensors import Signature


@dataclass(frozen=True)
class Description:
    """Signatures of a model file, with hints about the values.

    Attributes:
        format: the importer's name: keras, hdf5, saved_model, tflite.
        signatures: the default one first.
        pixels: inputs that take values from 0 to 255.
        probabilities: outputs whose values are probabilities for generated inputs.
        notes: differences from the file, e.g. renamed tensors.
    """

    format: str
    signatures: tuple[Signature, ...]
    pixels: frozenset[str] = frozenset()
    probabilities: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the description as plain dictionaries and lists."""
        return {
            "format": self.format,
            "signatures": [signature.to_json() for signature in self.signatures],
            "pixels": sorted(self.pixels),
            "probabilities": sorted(self.probabilities),
            "notes": list(self.notes),
        }

    @classmethod
    def from_child(cls, record: Mapping[str, Any]) -> Description:
        """Return the child process's description; raises SourceRefused if invalid."""
        try:
            return cls(
                format=str(record["format"]),
                signatures=tuple(Signature.from_json(entry) for entry in record["signatures"]),
                pixels=frozenset(map(str, record["pixels"])),
                probabilities=frozenset(map(str, record["probabilities"])),
                notes=tuple(map(str, record["notes"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError, LightshipError) as error:
            message = "the process that read this model sent an invalid description"
            raise SourceRefused(message, detail=f"{type(error).__name__}: {error}") from None


def describe(
    source: Path, *, trust: bool = False, sandbox: bool = True, progress: Progress = ignore_progress
) -> Description:
    """Read a model file's signatures in the sandbox.

    The options are those of :class:`lightship.compiler.CompileOptions`. Raises SourceRefused, CompileError or
    SandboxUnavailable.
    """
    sources.candidates(source)
    job = {"source": str(source.resolve()), "trust": trust}
    task = Task("lightship.compiler.description.child", job, reads=[source])
    outcome = run(task, Confinement.for_user(sandbox=sandbox), progress=progress)
    return Description.from_child(outcome.result)
