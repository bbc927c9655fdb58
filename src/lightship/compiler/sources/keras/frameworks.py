"""The two packages that load Keras files: ``keras`` (Keras 3) and ``tf_keras`` (Keras 2), in one process.

``TF_USE_LEGACY_KERAS`` must stay unset: it would redirect ``tf.keras``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.compiler.sources.keras import legacy_defaults as legacy


@dataclass(frozen=True)
class Framework:
    """A package that loads Keras files, and where the two differ.

    Attributes:
        package: the Python package, which is also its name in a manifest's ``source``.
        title: its name in a sentence.
        tree: the module that flattens and packs nested structures.
        variables: TensorFlow's own variables of a model. Exports that track Keras's instead can leave the converter
            uninitialised: LiteRT then answers NaN, without an error.
        layers: classes by the names in a file where the package does not find them by itself; the value is where in
            the package, as ``module:class``, the class is that takes their configuration and weights.
        legacy_defaults: arguments by layer that files of early releases do not have (:mod:`.legacy_defaults`).
        writable: whether ``load_model`` opens an archive for writing too, so that it must be a copy.
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
        for name, arguments in self.legacy_defaults.items():
            found[name] = legacy.with_defaults(getattr(self.module.layers, name), arguments)
        return self.module.saving.load_model(path, custom_objects=found, compile=False, safe_mode=not trust)

    def _class(self, address: str) -> Any:
        module, _, name = address.partition(":")
        return getattr(import_module(f"{self.package}.{module}"), name)

    def tracked(self, model: Any) -> Mapping[str, Any]:
        """Return what an export of a model needs, by attribute of its ``tf.Module``.

        The model itself is left out: TensorFlow would trace it and each layer once more, as Keras declares them.
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
    """Return the lookup tables that layers hold, nested ones too."""
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


# Layers of keras.applications that no registry holds: a .h5 file names the class only, a .keras file this address.
_APPLICATIONS = {
    "LayerScale": "src.applications.convnext:LayerScale",
    "StochasticDepth": "src.applications.convnext:StochasticDepth",
    "CustomScaleLayer": "src.applications.inception_resnet_v2:CustomScaleLayer",
}
# GPU layers that TensorFlow 2 replaced: tf_keras converts their weights.
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
