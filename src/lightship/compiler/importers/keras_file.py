"""Keras 3's own format: a zip archive of config.json, metadata.json, model.weights.h5 and assets/."""

from __future__ import annotations

from pathlib import Path

from lightship.bundle import digest_file
from lightship.compiler import archives, keras_config
from lightship.compiler.importers.base import ZIP, head
from lightship.compiler.keras_model import KerasOriginal, load_keras
from lightship.errors import SourceRefused

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
ENTRIES = frozenset({CONFIG, METADATA, WEIGHTS, "assets"})
_CONFIG_LIMIT = 256 * 1024**2


class KerasFile:
    """See :class:`lightship.compiler.importers.base.Importer`."""

    name = "keras"
    accepts = "a .keras file"

    def matches(self, path: Path) -> bool:
        """A .keras file by name, or any zip archive."""
        return (path.suffix == ".keras" and path.is_file()) or head(path, 2) == ZIP

    def owns(self, path: Path) -> bool:
        """A .keras file by name, or a zip archive with a Keras configuration in it."""
        names = {entry.name for entry in archives.zip_entries(path)} if path.suffix != ".keras" else {CONFIG, METADATA}
        return {CONFIG, METADATA} <= names

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """The archive's entries, the weights' HDF5 tree, and the configuration."""
        from lightship.compiler import hdf5_tree  # imports h5py, which the parent must not

        if head(path, 2) != ZIP:
            raise SourceRefused(f"{path.name} is no .keras file: it is not a zip archive")
        entries = [entry.name for entry in archives.zip_entries(path)]
        for name in entries:
            if name.partition("/")[0] not in ENTRIES:
                raise SourceRefused(f"{path.name} is refused: a .keras file has no entry '{name}'")
        for name in (CONFIG, WEIGHTS):
            if name not in entries:
                raise SourceRefused(f"{path.name} is no .keras file: it holds no {name}")
        archives.unpack(path, work / "checked")
        hdf5_tree.check_tree(work / "checked" / WEIGHTS, f"{path.name}: {WEIGHTS}")
        config = archives.read_entry(path, CONFIG, _CONFIG_LIMIT)
        return keras_config.loadable_code(path.name, keras_config.parse(path.name, config))

    def load(self, path: Path, work: Path, *, trust: bool) -> KerasOriginal:
        """The model in Keras, without its training state."""
        source = {"format": self.name, "digest": digest_file(path)}
        return load_keras(path, work, source, trust=trust)
