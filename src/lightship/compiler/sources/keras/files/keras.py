"""The ``.keras`` format of Keras 2 and 3.

A zip archive of config.json, metadata.json, model.weights.h5 and assets/.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightship.bundle import digest_file
from lightship.compiler.sources import archives
from lightship.compiler.sources.base import HDF5, ZIP, head, suffix
from lightship.compiler.sources.keras.allowed import config as keras_config
from lightship.compiler.sources.keras.files import versions as keras_versions
from lightship.compiler.sources.keras.frameworks import BY_MAJOR, Framework
from lightship.compiler.sources.keras.model import KerasOriginal, load_keras
from lightship.errors import SourceRefused

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
ENTRIES = frozenset({CONFIG, METADATA, WEIGHTS, "assets"})
_CONFIG_LIMIT = 256 * 1024**2
_METADATA_LIMIT = 1024**2


class KerasFile:
    """Importer of ``.keras`` files."""

    name = "keras"
    accepts = "a .keras file"

    def matches(self, path: Path) -> bool:
        """Return whether a path is a .keras file by name, or any zip archive.

        Keras 2 before 2.12 wrote HDF5 into a .keras file; such a file does not match.
        """
        first = head(path)
        return (suffix(path) == ".keras" and path.is_file() and first != HDF5) or first.startswith(ZIP)

    def owns(self, path: Path) -> bool:
        """Return whether a path is a .keras file by name or by its entries."""
        names = {entry.name for entry in archives.zip_entries(path)} if suffix(path) != ".keras" else {CONFIG, METADATA}
        return {CONFIG, METADATA} <= names

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Check the archive's entries, the HDF5 tree of the weights and the configuration."""
        from lightship.compiler.sources.keras.files import hdf5_tree  # imports h5py, which the parent must not

        if head(path, 2) != ZIP:
            raise SourceRefused(f"{path.name} is not a .keras file: it is not a zip archive")
        entries = [entry.name for entry in archives.zip_entries(path)]
        for name in entries:
            if name.partition("/")[0] not in ENTRIES:
                raise SourceRefused(f"{path.name} is refused: a .keras file has no entry '{name}'")
        for name in (CONFIG, WEIGHTS):
            if name not in entries:
                raise SourceRefused(f"{path.name} is not a .keras file: it contains no {name}")
        archives.unpack(path, work / "checked")
        hdf5_tree.check_tree(work / "checked" / WEIGHTS, f"{path.name}: {WEIGHTS}")
        config = _config(path)
        _framework(path, config)
        return keras_config.loadable_code(path.name, config)

    def load(self, path: Path, work: Path, *, trust: bool) -> KerasOriginal:
        """Load the model with the package of its version, without training state.

        Both packages select the format by the suffix, so a file with another suffix gets a link with the right one. A
        package that opens the file for writing gets a copy.
        """
        source = {"format": self.name, "digest": digest_file(path)}
        config = _config(path)
        framework = _framework(path, config)
        opened = path
        if framework.writable:
            opened = work / f"{path.stem}.keras"
            shutil.copyfile(path, opened)
        elif path.suffix != ".keras":
            opened = work / f"{path.stem}.keras"
            opened.symlink_to(path.resolve())
        compiled = config.get("compile_config")
        return load_keras(opened, work, source, framework=framework, trust=trust, compile_config=compiled)


def _config(path: Path) -> dict[str, Any]:
    return keras_config.parse(path.name, archives.read_entry(path, CONFIG, _CONFIG_LIMIT))


def _framework(path: Path, config: Mapping[str, Any]) -> Framework:
    return BY_MAJOR[keras_versions.major(path.name, _version(path), config)]


def _version(path: Path) -> str | None:
    """Return the ``keras_version`` of metadata.json; None without one.

    It decides which package loads the file.
    """
    if METADATA not in {entry.name for entry in archives.zip_entries(path)}:
        return None
    try:
        metadata = json.loads(archives.read_entry(path, METADATA, _METADATA_LIMIT))
    except (ValueError, RecursionError):
        raise SourceRefused(f"{path.name} is broken: its {METADATA} is not JSON") from None
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else None
