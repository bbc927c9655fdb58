"""Model formats that can be compiled.

A new format is one module, one entry in ``IMPORTERS`` and one test file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lightship.compiler import limits
from lightship.compiler.sources import archives, saved_model, tflite, unsupported
from lightship.compiler.sources.base import ZIP, Importer, head
from lightship.compiler.sources.boosting import lightgbm, xgboost
from lightship.compiler.sources.keras.files import hdf5
from lightship.compiler.sources.keras.files import keras as keras_file
from lightship.compiler.sources.sklearn import files as sklearn_files
from lightship.errors import SourceRefused

IMPORTERS: tuple[Importer, ...] = (
    sklearn_files.PickleFile(),  # first: a pickle of any name is one
    keras_file.KerasFile(),
    hdf5.Hdf5File(),
    sklearn_files.SkopsFile(),
    saved_model.SavedModel(),
    tflite.TfliteFile(),
    xgboost.XgboostFile(),
    lightgbm.LightgbmFile(),
)


def candidates(path: Path) -> list[Importer]:
    """Return the importers whose format a path may have, without parsing the file.

    Raises SourceRefused where the path does not exist, cannot be read, is too large or has no supported format; the
    message says what the file is, or lists the supported formats.
    """
    if not path.exists():
        raise SourceRefused(f"there is no file or folder {path}")
    try:
        found = [importer for importer in IMPORTERS if importer.matches(path)]
        description = unsupported.describe(path) if path.is_file() or not found else ""
        if description:
            raise SourceRefused(f"{path.name} is {description}")
        limits.check_size(path.name, sum(_sizes(path)) if found else 0)
    except OSError as error:
        raise SourceRefused(f"cannot read {path}: {error.strerror}") from None
    if not found:
        pickles_last = sorted(IMPORTERS, key=lambda importer: isinstance(importer, sklearn_files.PickleFile))
        accepted = ", ".join(importer.accepts for importer in pickles_last)
        raise SourceRefused(f"{path.name} is not a model file: Lightship compiles {accepted}")
    return found


def _sizes(path: Path) -> Iterator[int]:
    """Yield the sizes of a file, or of all files in a folder."""
    for entry in path.rglob("*") if path.is_dir() else [path]:
        if entry.is_file():
            yield entry.stat().st_size


def find(path: Path) -> Importer:
    """Return the importer of a file or folder; raises SourceRefused.

    It reads an archive's list of entries, so it runs in the sandboxed child only.
    """
    found = candidates(path)
    if head(path, 2) == ZIP and (
        description := unsupported.describe_archive(entry.name for entry in archives.zip_entries(path))
    ):
        raise SourceRefused(f"{path.name} is {description}")
    return next(importer for importer in found if importer.owns(path))
