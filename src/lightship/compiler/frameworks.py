"""The two packages that load Keras files: ``keras`` (Keras 3) and ``tf_keras`` (Keras 2), in one process.

``TF_USE_LEGACY_KERAS`` must stay unset: it would redirect ``tf.keras``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Framework:
    """A package that loads Keras files, and where the two differ.

    Attributes:
        package: the Python package, which is also its name in a manifest's ``source``.
        title: its name in a sentence.
        tree: the module that flattens and packs nested structures.
        tracked: attributes by name that a ``tf.Module`` needs for a complete export of a model.
        layers: classes by the names in a file where the package does not find them by itself; the value is where in
            the package, as ``module:class``, the class is that takes their configuration and weights.
        writable: whether ``load_model`` opens an archive for writing too, so that it must be a copy.
    """

    package: str
    title: str
    tree: str
    tracked: Callable[[Any], Mapping[str, Any]]
    layers: Mapping[str, str]
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
        found = {name: self._class(address) for name, address in self.layers.items()}
        return self.module.saving.load_model(path, custom_objects=found, compile=False, safe_mode=not trust)

    def _class(self, address: str) -> Any:
        module, _, name = address.partition(":")
        return getattr(import_module(f"{self.package}.{module}"), name)

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


# Layers of keras.applications that no registry holds: a .h5 file names the class only, a .keras file this address.
_APPLICATIONS = {
    "LayerScale": "src.applications.convnext:LayerScale",
    "StochasticDepth": "src.applications.convnext:StochasticDepth",
    "CustomScaleLayer": "src.applications.inception_resnet_v2:CustomScaleLayer",
}
# GPU layers that TensorFlow 2 replaced: tf_keras converts their weights.
_CUDNN = {"CuDNNGRU": "layers:GRU", "CuDNNLSTM": "layers:LSTM"}

KERAS3 = Framework("keras", "Keras", "keras.tree", _tracked_by_keras, layers=_APPLICATIONS, writable=False)
KERAS2 = Framework(
    "tf_keras", "tf_keras", "tensorflow.nest", _tracked_by_tf_keras, layers=_APPLICATIONS | _CUDNN, writable=True
)
BY_MAJOR: Mapping[int, Framework] = {2: KERAS2, 3: KERAS3}
