"""SavedModel folders: their files, digest and reproducible serialisation."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lightship.bundle import digest_file
from lightship.engines.tensorflow_state import State, Unrestorable
from lightship.graphs.messages import function_defs

GRAPH = "saved_model.pb"
# The signature of Lightship's exports that assigns initial values. No manifest lists it.
RESET = "lightship_reset"
# The entries of a SavedModel. fingerprint.pb is omitted: it holds a random number, and nothing reads it.
ENTRIES = (GRAPH, "assets", "assets.extra", "variables")
# The attribute of equivalent functions, of which TensorFlow selects one by device.
_IMPLEMENTS = "api_implements"


def files(folder: Path) -> list[Path]:
    """Return the files of a SavedModel in sorted order, without unrelated files."""
    found: list[Path] = []
    for name in ENTRIES:
        entry = folder / name
        found.extend([entry] if entry.is_file() else filter(Path.is_file, entry.rglob("*")))
    return sorted(found)


def digest(folder: Path) -> str:
    """Return the SHA-256 of a SavedModel's file names and digests.

    It is the same for a folder and for an archive of it, because archives are unpacked first.
    """
    lines = [f"{file.relative_to(folder).as_posix()} {digest_file(file)}\n" for file in files(folder)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def copy(folder: Path, target: Path) -> None:
    """Copy a SavedModel's files, byte for byte."""
    for file in files(folder):
        destination = target / file.relative_to(folder)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, destination)


def save(module: Any, folder: Path, functions: Mapping[str, Any], *, state: State, reset: str) -> None:
    """Save functions with the module's variables in their initial state.

    ``reset``, unless it is empty, becomes the name of an additional signature, which assigns the initial values.
    """
    import tensorflow as tf

    state.restore()
    signatures = dict(functions)
    if reset:

        def assign() -> dict[str, Any]:
            state.restore()
            return {"done": tf.constant(True)}

        signatures[reset] = tf.function(assign, autograph=False).get_concrete_function()
    tf.saved_model.save(module, str(folder), signatures=signatures)


def reset_name(state: State, signatures: Collection[str]) -> str:
    """Return a name for the signature that assigns initial values, or "".

    It is empty where calls change no variables, or also change tables, which LiteRT cannot reset.
    """
    if not state.variables or state.tables:
        return ""
    name = RESET
    while name in signatures:
        name += "_"
    return name


def unrestorable(label: str, error: Unrestorable) -> str:
    """Return the message that a model's state cannot be reset."""
    return (
        f"{label} is refused: it keeps data from one call for the next, and Lightship cannot reset what these "
        f"operators change: {error}"
    )


def normalise(folder: Path) -> None:
    """Sort an export's maps and remove random names, fingerprint and empty folders."""
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel.FromString((folder / GRAPH).read_bytes())
    _number_implementations(message)
    (folder / GRAPH).write_bytes(message.SerializeToString(deterministic=True))
    kept = set(files(folder))
    for entry in sorted(folder.rglob("*"), reverse=True):  # entries of a folder come before the folder
        if entry.is_file() and entry not in kept:
            entry.unlink()
        elif entry.is_dir() and not any(entry.iterdir()):
            entry.rmdir()


def _number_implementations(message: Any) -> None:
    """Replace the random names by which tf_keras marks equivalent functions."""
    numbers: dict[bytes, bytes] = {}
    for meta in message.meta_graphs:
        library = function_defs(meta.graph_def)
        nodes = [*meta.graph_def.node, *(node for function in library for node in function.node_def)]
        for marked in (*library, *nodes):
            if _IMPLEMENTS in marked.attr:
                name = marked.attr[_IMPLEMENTS].s
                marked.attr[_IMPLEMENTS].s = numbers.setdefault(name, b"implementation_%d" % len(numbers))
