"""The library that saved a model: its import, and its errors about a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightship.compiler import imports
from lightship.engines.causes import translated
from lightship.errors import SourceRefused
from lightship.extras import missing_extra


def imported(module: str, library: str) -> Any:
    """Return a module; raises MissingExtra, which names the library."""
    try:
        return imports.package(module)
    except ImportError:
        raise missing_extra("compile", f"compiling {library} models") from None


def loaded(path: Path, library: str, load: Callable[[], Any]) -> Any:
    """Return what ``load`` returns for a file; raises SourceRefused.

    ``library`` is the library's name and version. A file that it cannot read may raise any exception.
    """
    try:
        return load()
    except Exception as error:
        raise translated(SourceRefused, f"{library} cannot load {path.name}", error) from None
