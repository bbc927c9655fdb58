"""What the parent asks of a child: a file in the child's home folder."""

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
    """One start of a child.

    Attributes:
        proof: the one that it has to give before it opens anything.
        powerless: what ``powerless.prove`` is given.
        module, job: whose ``build`` function is called with what.
        reads, writes: real paths that it may read, and folders that it may write.
        private: folders that no path of Python's may contain.
        limits: what it may use, with a number for memory.
        parent: the parent's process id.
        targets: what its probe tries to reach.
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
        """Write it into the child's home folder."""
        (home / _NAME).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, home: Path) -> Instructions:
        """Return the instructions in a home folder, written by this version's parent."""
        record = json.loads((home / _NAME).read_bytes())
        return cls(**{**record, "limits": Limits(**record["limits"]), "targets": Targets(**record["targets"])})
