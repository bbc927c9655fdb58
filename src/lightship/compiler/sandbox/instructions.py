"""Instructions of the parent to a child: a file in the child's home folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lightship.compiler.sandbox.limits import Limits
from lightship.compiler.sandbox.targets import Targets

_NAME = "instructions.json"


@dataclass(frozen=True)
class Instructions:
    """The instructions for one child process.

    Attributes:
        proof: the proof that must hold before a file is opened.
        powerless: argument of ``powerless.prove``.
        module, job: module whose ``build`` function is called, and its argument.
        reads, writes: resolved paths that the child may read, and folders that it may write.
        private: folders that stay unreadable, even where a path of Python's contains one.
        limits: resource limits, with the memory limit set.
        parent: process id of the parent.
        targets: what the probe tries to reach.
    """

    proof: str
    powerless: Mapping[str, Any]
    module: str
    job: Mapping[str, Any]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    private: tuple[str, ...]
    limits: Limits
    parent: int
    targets: Targets

    def write(self, home: Path) -> None:
        """Write the instructions into the child's home folder."""
        (home / _NAME).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, home: Path) -> Instructions:
        """Return the instructions in a home folder, as the same release wrote them."""
        record = json.loads((home / _NAME).read_bytes())
        return cls(**{**record, "limits": Limits(**record["limits"]), "targets": Targets(**record["targets"])})
