"""What can be compiled. Adding a format: one file, one entry here, one test."""

from __future__ import annotations

from pathlib import Path

from lightship.compiler.importers import hdf5, keras_file, saved_model, tflite
from lightship.compiler.importers.base import Importer
from lightship.errors import SourceRefused

IMPORTERS: tuple[Importer, ...] = (
    keras_file.KerasFile(),
    hdf5.Hdf5File(),
    saved_model.SavedModel(),
    tflite.TfliteFile(),
)


def find(path: Path) -> Importer:
    """The importer for a file or folder; raises SourceRefused that lists what there is."""
    if not path.exists():
        raise SourceRefused(f"there is no file or folder {path}")
    try:
        for importer in IMPORTERS:
            if importer.matches(path):
                return importer
    except OSError as error:
        raise SourceRefused(f"cannot read {path}: {error.strerror}") from None
    accepted = ", ".join(importer.accepts for importer in IMPORTERS)
    raise SourceRefused(f"{path.name} is no model file: what can be compiled is {accepted}")
