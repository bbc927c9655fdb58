"""The two packages that load Keras files: ``keras`` (Keras 3) and ``tf_keras`` (Keras 2), in one process.

``TF_USE_LEGACY_KERAS`` must stay unset: it would redirect ``tf.keras``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.compiler import early_layers


@dataclass(frozen=True)
class Framework:
    """A package that loads Keras files, and where the two differ.

    Attributes:
        package: the Python package, which is also its name in a manifest's ``source``.
        title: its name in a sentence.
        tree: the module that flattens and packs nested structures.
        tracked: attributes by name that a ``tf.Module`` needs for a complete export of a model.
        replaced: layers that the package lacks, with the name of one that computes the same and takes its weights.
        early: arguments by layer that files of early releases do not have (:mod:`lightship.compiler.early_layers`).
        writable: whether ``load_model`` opens an archive for writing too, so that it must be a copy.
    """

    package: str
    title: str
    tree: str
    tracked: Callable[[Any], Mapping[str, Any]]
    replaced: Mapping[str, str]
    early: Mapping[str, Mapping[str, Any]]
    writable: bool

    @property
    def module(self) -> Any:
        """The imported package."""
        return import_module(self.package)

    @property
    def version(self) -> str:
        """The package's version."""
        return str(self.module.__version__)

    def load(self, path: Path, *, trust: bool) -> Any:
        """Load a checked file without its training state; the package raises whatever its layers raise."""
        self.module.utils.set_random_seed(0)  # layers without a seed draw one when they load, and an export holds it
        others = {old: getattr(self.module.layers, new) for old, new in self.replaced.items()}
        for name, arguments in self.early.items():
            others[name] = early_layers.with_defaults(getattr(self.module.layers, name), arguments)
        return self.module.saving.load_model(path, custom_objects=others, compile=False, safe_mode=not trust)

    def flatten(self, structure: Any) -> list[Any]:
        """Return the leaves of nested lists and dictionaries."""
        return list(import_module(self.tree).flatten(structure))

    def pack(self, structure: Any, leaves: list[Any]) -> Any:
        """Return leaves in the form of a structure."""
        return import_module(self.tree).pack_sequence_as(structure, leaves)


def _tracked_by_keras(model: Any) -> Mapping[str, Any]:
    """Variables apart from the model, which is there for its tables.

    Tracked through the model alone they can leave the converter uninitialised: LiteRT then answers NaN, without error.
    """
    return {"tracked_variables": [variable.value for variable in model.variables], "tracked_model": model}


def _tracked_by_tf_keras(model: Any) -> Mapping[str, Any]:
    """Variables and tables without the model: tf_keras would add a trace of each layer to the export."""
    return {"tracked_variables": list(model.variables), "tracked_tables": list(_tables(model))}


def _tables(model: Any) -> Iterator[Any]:
    import tensorflow as tf

    for module in (model, *model.submodules):
        for value in vars(module).values():
            if isinstance(value, tf.saved_model.experimental.TrackableResource):
                yield value


KERAS3 = Framework("keras", "Keras", "keras.tree", _tracked_by_keras, replaced={}, early={}, writable=False)
KERAS2 = Framework(
    "tf_keras",
    "tf_keras",
    "tensorflow.nest",
    _tracked_by_tf_keras,
    replaced={"CuDNNGRU": "GRU", "CuDNNLSTM": "LSTM"},
    early=early_layers.KERAS2,
    writable=True,
)
BY_MAJOR: Mapping[int, Framework] = {2: KERAS2, 3: KERAS3}
