"""The packages that load Keras files: ``keras`` (Keras 3), ``tf_keras`` (Keras 2).

Both run in one process. ``TF_USE_LEGACY_KERAS`` must stay unset, because it would redirect ``tf.keras``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.compiler import imports
from lightship.compiler.sources.keras import legacy_defaults as legacy


@dataclass(frozen=True)
class Framework:
    """A package that loads Keras files, and how it differs from the other.

    Attributes:
        package: the Python package, which is also its name in a manifest's ``source``.
        title: its name in a message.
        tree: the module that flattens and packs nested structures.
        variables: TensorFlow's own variables of a model. If an export tracks Keras's variables instead, the converter
            may find them uninitialised, and LiteRT then returns NaN without an error.
        layers: classes that the package does not find by their names in a file. The value is the location of the class
            that takes their configuration and weights, as ``module:class`` in the package.
        legacy_defaults: default arguments of layers in files of early releases (:mod:`.legacy_defaults`).
        writable: whether ``load_model`` also opens the archive for writing, so that it needs a copy.
    """

    package: str
    title: str
    tree: str
    variables: Callable[[Any], list[Any]]
    layers: Mapping[str, str]
    legacy_defaults: Mapping[str, Mapping[str, Any]]
    writable: bool

    @property
    def module(self) -> Any:
        """Return the imported package."""
        return imports.framework(self.package)

    @property
    def version(self) -> str:
        """Return the package's version."""
        return str(self.module.__version__)

    def load(self, path: Path, *, trust: bool) -> Any:
        """Load a checked file without its training state.

        Raises exceptions of any class, because layers do.
        """
        self.module.utils.set_random_seed(0)  # layers without a seed draw one at load, and it is exported
        found = {name: self._class(address) for name, address in self.layers.items()}
        for name, arguments in self.legacy_defaults.items():
            found[name] = legacy.with_defaults(getattr(self.module.layers, name), arguments)
        return self.module.saving.load_model(path, custom_objects=found, compile=False, safe_mode=not trust)

    def _class(self, address: str) -> Any:
        module, _, name = address.partition(":")
        return getattr(import_module(f"{self.package}.{module}"), name)

    def export_objects(self, model: Any) -> Mapping[str, Any]:
        """Return the objects that an export needs, as attributes of its ``tf.Module``.

        The model itself is not tracked: TensorFlow would trace it and each layer again, with the shapes that Keras
        declares.
        """
        return {
            "tracked_variables": self.variables(model),
            "tracked_tables": list(_tables(model, self.module.layers.Layer)),
        }

    def flatten(self, structure: Any) -> list[Any]:
        """Return the leaves of nested lists and dictionaries."""
        return list(import_module(self.tree).flatten(structure))

    def pack(self, structure: Any, leaves: list[Any]) -> Any:
        """Return leaves in the form of a structure."""
        return import_module(self.tree).pack_sequence_as(structure, leaves)


def _tables(model: Any, layer: type) -> Iterator[Any]:
    """Yield the lookup tables of all layers, including nested ones."""
    import tensorflow as tf

    pending: list[Any] = [model]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, tf.saved_model.experimental.TrackableResource):
            yield value
        elif isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)
        elif isinstance(value, layer):
            pending.extend(vars(value).values())


# Layers of keras.applications that are not registered: a .h5 file gives the class only, a .keras file this location.
_APPLICATIONS = {
    "LayerScale": "src.applications.convnext:LayerScale",
    "StochasticDepth": "src.applications.convnext:StochasticDepth",
    "CustomScaleLayer": "src.applications.inception_resnet_v2:CustomScaleLayer",
}
# GPU layers that TensorFlow 2 replaced; tf_keras converts their weights.
_CUDNN = {"CuDNNGRU": "layers:GRU", "CuDNNLSTM": "layers:LSTM"}

KERAS3 = Framework(
    "keras",
    "Keras",
    "keras.tree",
    variables=lambda model: [variable.value for variable in model.variables],
    layers=_APPLICATIONS,
    legacy_defaults={},
    writable=False,
)
KERAS2 = Framework(
    "tf_keras",
    "tf_keras",
    "tensorflow.nest",
    variables=lambda model: list(model.variables),
    layers=_APPLICATIONS | _CUDNN,
    legacy_defaults=legacy.KERAS2,
    writable=True,
)
BY_MAJOR: Mapping[int, Framework] = {2: KERAS2, 3: KERAS3}
