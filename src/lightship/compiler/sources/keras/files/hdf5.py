"""The HDF5 format of Keras 2, which Keras 3 also writes.

One HDF5 file with the configuration as an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightship.bundle import digest_file
from lightship.compiler.sources.base import HDF5 as MAGIC
from lightship.compiler.sources.base import head, suffix
from lightship.compiler.sources.keras.allowed import config as keras_config
from lightship.compiler.sources.keras.files import versions as keras_versions
from lightship.compiler.sources.keras.frameworks import BY_MAJOR, Framework
from lightship.compiler.sources.keras.model import KerasOriginal, load_keras
from lightship.errors import SourceRefused

SUFFIXES = (".h5", ".hdf5")
# Names in the root of a file by save_weights: attributes of Keras 2, groups of Keras 3.
_WEIGHTS = frozenset({"layer_names", "model_weights", "layers", "_layer_checkpoint_dependencies"})
_OPTIMIZER = frozenset({"optimizer_weights", "optimizer"})


class Hdf5File:
    """Importer of HDF5 files."""

    name = "hdf5"
    accepts = "a .h5 or .hdf5 file"

    def matches(self, path: Path) -> bool:
        """Return whether the suffix or the first bytes are those of HDF5."""
        return (suffix(path) in SUFFIXES and path.is_file()) or head(path) == MAGIC

    def owns(self, path: Path) -> bool:
        """Return True: no other format matches."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Check the HDF5 tree, the version and the configuration."""
        from lightship.compiler.sources.keras.files import hdf5_tree  # imports h5py, which the parent must not

        if head(path) != MAGIC:
            raise SourceRefused(f"{path.name} is not an HDF5 file: its first bytes are not HDF5's")
        hdf5_tree.check_tree(path, path.name)
        config = _config(path)
        _framework(path, config)
        return keras_config.loadable_code(path.name, config)

    def load(self, path: Path, work: Path, *, trust: bool) -> KerasOriginal:
        """Load the model with the package of its version, without training state.

        Both packages select the format by the suffix, so a file with another suffix gets a link with the right one.
        """
        source = {"format": self.name, "digest": digest_file(path)}
        framework = _framework(path, _config(path))
        if path.suffix not in SUFFIXES:
            link = work / "model.h5"
            link.symlink_to(path.resolve())
            path = link
        return load_keras(path, work, source, framework=framework, trust=trust)


def _config(path: Path) -> dict[str, Any]:
    from lightship.compiler.sources.keras.files import hdf5_tree

    text = hdf5_tree.attribute(path, path.name, "model_config")
    if text is None:
        raise SourceRefused(_no_model(path.name, hdf5_tree.names(path, path.name)))
    if "model_weights" not in hdf5_tree.names(path, path.name):
        raise SourceRefused(
            f"{path.name} holds a model without weights ('model_weights' is missing): save all of it with model.save()"
        )
    return keras_config.parse(path.name, text)


def _framework(path: Path, config: Mapping[str, Any]) -> Framework:
    from lightship.compiler.sources.keras.files import hdf5_tree

    version = hdf5_tree.attribute(path, path.name, "keras_version")
    return BY_MAJOR[keras_versions.major(path.name, version, config)]


def _no_model(label: str, names: frozenset[str]) -> str:
    """Return the message about an HDF5 file without a configuration.

    ``names`` are those of its root.
    """
    if names & _WEIGHTS or label.endswith(".weights.h5"):  # the suffix that save_weights of Keras 3 requires
        return (
            f"{label} holds weights without a model ('model_config' is missing): build the model in code, load these "
            "weights into it, and save all of it with model.save()"
        )
    if names & _OPTIMIZER:
        return f"{label} holds the state of an optimizer, not a model: save the model with model.save()"
    return f"{label} is an HDF5 file, but not a Keras model: it has no 'model_config', which model.save() writes"
