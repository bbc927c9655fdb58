"""SavedModel folders: which files belong to one, their digest, and the same bytes for the same model."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from lightship.bundle import digest_file

GRAPH = "saved_model.pb"
# What a SavedModel is made of. fingerprint.pb holds a random number, and nothing reads it.
ENTRIES = (GRAPH, "assets", "assets.extra", "variables")


def files(folder: Path) -> list[Path]:
    """The files of a SavedModel, in sorted order, without what else lies in its folder."""
    found: list[Path] = []
    for name in ENTRIES:
        entry = folder / name
        found.extend([entry] if entry.is_file() else filter(Path.is_file, entry.rglob("*")))
    return sorted(found)


def digest(folder: Path) -> str:
    """SHA-256 over the names and digests of a SavedModel's files: an archive of the folder has the folder's."""
    lines = [f"{file.relative_to(folder).as_posix()} {digest_file(file)}\n" for file in files(folder)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def copy(folder: Path, target: Path) -> None:
    """Copy a SavedModel's files, byte for byte."""
    for file in files(folder):
        destination = target / file.relative_to(folder)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, destination)


def normalise(folder: Path) -> None:
    """Make an export reproducible: maps in key order, no fingerprint, no folders that hold nothing."""
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel.FromString((folder / GRAPH).read_bytes())
    (folder / GRAPH).write_bytes(message.SerializeToString(deterministic=True))
    kept = set(files(folder))
    for entry in sorted(folder.rglob("*"), reverse=True):  # what is inside a folder comes before it
        if entry.is_file() and entry not in kept:
            entry.unlink()
        elif entry.is_dir() and not any(entry.iterdir()):
            entry.rmdir()
