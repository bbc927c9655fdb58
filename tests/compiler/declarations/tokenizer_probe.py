"""Child process of the sandbox that opens a tokenizer file and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightship.compiler import limits
from lightship.compiler.declarations.tokenization import read
from lightship.compiler.declarations.tokenizer_files import Entry
from lightship.compiler.sandbox import Progress
from lightship.tensors import Signature, TensorSpec


def build(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the number of words of ``job["file"]``, within ``job["seconds"]``."""
    limits.OPENING_SECONDS = job["seconds"]
    file = Path(job["file"])
    spec = TensorSpec("input_ids", "int32", (None, 16))
    entry = Entry(spec, {"kind": "text", "tokenizer": file.name})
    return {"words": len(read(entry, Signature("serving_default", (spec,), ()), {file.name: file}).words)}
