"""Keras's legacy format: one HDF5 file with the configuration as an attribute."""

from __future__ import annotations

from pathlib import Path

from lightship.bundle import digest_file
from lightship.compiler import keras_config
from lightship.compiler.importers.base import head
from lightship.compiler.keras_model import KerasOriginal, load_keras
from lightship.errors import SourceRefused

MAGIC = b"\x89HDF\r\n\x1a\n"
SUFFIXES = (".h5", ".hdf5")


class Hdf5File:
    """See :class:`lightship.compiler.importers.base.Importer`."""

    name = "hdf5"
    accepts = "a .h5 or .hdf5 file"

    def matches(self, path: Path) -> bool:
        """By name or by the format's first bytes."""
        return (path.suffix in SUFFIXES and path.is_file()) or head(path) == MAGIC

    def owns(self, path: Path) -> bool:
        """Every file that matches."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """The HDF5 tree, and the configuration."""
        from lightship.compiler import hdf5_tree  # imports h5py, which the parent must not

        if head(path) != MAGIC:
            raise SourceRefused(f"{path.name} is no HDF5 file: its first bytes are not HDF5's")
        hdf5_tree.check_tree(path, path.name)
        config = hdf5_tree.attribute(path, path.name, "model_config")
        if config is None:
            raise SourceRefused(
                f"{path.name} holds no whole model: it has weights without 'model_config', save the model"
            )
        return keras_config.loadable_code(path.name, keras_config.parse(path.name, config))

    def load(self, path: Path, work: Path, *, trust: bool) -> KerasOriginal:
        """The model in Keras, without its training state. Keras goes by the suffix, so the file gets the usual one."""
        source = {"format": self.name, "digest": digest_file(path)}
        if path.suffix not in SUFFIXES:
            link = work / "model.h5"
            link.symlink_to(path.resolve())
            path = link
        return load_keras(path, work, source, trust=trust)
