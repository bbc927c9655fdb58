"""Child process: write each candidate as a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightship.bundle import MODEL, Bundle
from lightship.compiler.compression.measuring.recordings import read_rows
from lightship.compiler.compression.quantizing.recipes import RECIPES, Quantizer, Unquantizable
from lightship.compiler.sandbox import Progress


def build(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write a folder for each recipe to ``job["scratch"]``.

    Returns the reason by name for each recipe that cannot be applied. ``job["representative"]`` is whether the recorded
    rows are real data.
    """
    progress("compress", 0.5)
    scratch, bundle = Path(job["scratch"]), Bundle.reopen(Path(job["folder"]))
    quantizer = quantizer_of(bundle, scratch, representative=job["representative"])
    errors = {}
    for name in RECIPES:
        try:
            write_variant(bundle, scratch / name, quantizer.quantize(name))
        except Unquantizable as error:
            errors[name] = str(error)
    return errors


def quantizer_of(bundle: Bundle, scratch: Path, *, representative: bool) -> Quantizer:
    """Return the quantizer of a bundle's model and the recorded rows."""
    return Quantizer((bundle.path / MODEL).read_bytes(), read_rows(scratch) if representative else None)


def write_variant(bundle: Bundle, folder: Path, model: bytes) -> Bundle:
    """Write the bundle with another model to a folder; its digests are not updated."""
    folder.mkdir(exist_ok=True)
    variant = bundle.copy(folder)
    (folder / MODEL).write_bytes(model)
    return variant
