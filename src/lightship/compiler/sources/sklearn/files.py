"""Files of scikit-learn models: .skops, and pickles with ``--trust``."""

from __future__ import annotations

from pathlib import Path

from lightship.compiler.sources import archives
from lightship.compiler.sources.base import ZIP, head, suffix
from lightship.compiler.sources.sklearn.intake import arrays, schema
from lightship.compiler.sources.sklearn.loading import load_pickle, load_skops
from lightship.compiler.sources.sklearn.original import SklearnOriginal
from lightship.compiler.sources.trust import PICKLE
from lightship.errors import SourceRefused

SCHEMA = "schema.json"
_PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
_TFLITE = b"TFL3"  # bytes 4 to 7 of a .tflite file, whose first bytes may be any


class SkopsFile:
    """Importer of ``.skops`` files."""

    name = "skops"
    accepts = "a .skops file of a scikit-learn model"

    def matches(self, path: Path) -> bool:
        """Return whether a path is a .skops file by name, or any zip archive."""
        return (suffix(path) == ".skops" and path.is_file()) or head(path, 2) == ZIP

    def owns(self, path: Path) -> bool:
        """Return whether a path is a .skops file by name or by its entries."""
        return suffix(path) == ".skops" or SCHEMA in {entry.name for entry in archives.zip_entries(path)}

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Check the archive, every node of its schema, and the headers of its arrays.

        Returns no code: a file with a class or function that is not allowed is refused also with ``--trust``.
        """
        _inspect(path)
        return ()

    def load(self, path: Path, work: Path, *, trust: bool) -> SklearnOriginal:
        """Build the objects of exactly the classes that the schema names."""
        return load_skops(path, work, sorted(_inspect(path).types))


class PickleFile:
    """Importer of ``.joblib`` and ``.pkl`` files."""

    name = "pickle"
    accepts = "a scikit-learn .joblib or .pkl file with --trust"

    def matches(self, path: Path) -> bool:
        """Return whether a path is a pickle by name or by its first bytes."""
        if not path.is_file() or not (first := head(path, 2)):
            return False
        return suffix(path) in (".joblib", ".pkl", ".pickle") or (first in _PICKLES and head(path)[4:] != _TFLITE)

    def owns(self, path: Path) -> bool:
        """Return True: no other format matches."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Return the pickle as code."""
        return (PICKLE,)

    def load(self, path: Path, work: Path, *, trust: bool) -> SklearnOriginal:
        """Unpickle the file, which the user trusts."""
        return load_pickle(path, work)


def _inspect(path: Path) -> schema.Found:
    """Return the types in a .skops file; raises SourceRefused."""
    if head(path, 2) != ZIP:
        raise SourceRefused(f"{path.name} is not a .skops file: it is not a zip archive")
    entries = {entry.name for entry in archives.zip_entries(path)}
    if SCHEMA not in entries:
        raise SourceRefused(f"{path.name} is not a .skops file: it contains no {SCHEMA}")
    if other := sorted(name for name in entries if name != SCHEMA and "/" in name):
        raise SourceRefused(f"{path.name} is refused: a .skops file has no entry '{other[0]:.100}'")
    found = schema.check(path.name, schema.parse(path.name, archives.read_entry(path, SCHEMA, schema.LARGEST)))
    if missing := sorted(found.arrays - entries):
        raise SourceRefused(f"{path.name} is broken: it contains no array '{missing[0]:.100}'")
    for name in sorted(found.arrays):
        arrays.check_array(path, name, least=found.lengths.get(name, 0))
    return found
