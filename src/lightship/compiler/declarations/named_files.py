"""Files beside model.yaml that it names: tokenizers, and names of items.

The unconfined parent finds them and opens none; the sandboxed child may read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from lightship import inputs
from lightship.compiler.declarations.config import Config, without_kind
from lightship.errors import CompileError

LARGEST = 16 * 1024 * 1024  # bytes


def find(config: Path, record: Mapping[str, Any]) -> dict[str, Path]:
    """Return the paths of the files that a model.yaml names, by name.

    ``config`` is the model.yaml, ``record`` its content. Raises CompileError for a file that is missing, empty, too
    large or outside of the folder of model.yaml.
    """
    declared, folder = Config.parse(record), config.resolve().parent
    named = [
        (file, f"inputs.{name}")
        for name, options in declared.inputs.items()
        for file in inputs.files(options["kind"], without_kind(options))
    ]
    named += [(options.names, f"outputs.{name}") for name, options in declared.outputs.items() if options.names]
    return {file: _checked(folder, file, f"model.yaml: {where}: {file!r:.200}") for file, where in named}


def _checked(folder: Path, file: str, label: str) -> Path:
    """Return the path of a file; ``label`` begins a message about it."""
    if "\\" in file or "\0" in file or PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
        raise CompileError(f"{label} must be a path inside the folder of model.yaml, without ..")
    path = folder / file
    try:
        if not path.is_file():
            raise CompileError(f"{label} is not a file in the folder of model.yaml")
        resolved = path.resolve(strict=True)
        size = resolved.stat().st_size
    except OSError as error:
        raise CompileError(f"{label} cannot be read: {error.strerror}") from None
    if not resolved.is_relative_to(folder):
        raise CompileError(f"{label} is a link out of the folder of model.yaml: copy the file into it")
    if not 0 < size <= LARGEST:
        raise CompileError(f"{label} has {size:,} bytes: from 1 to {LARGEST:,} are accepted")
    return resolved
