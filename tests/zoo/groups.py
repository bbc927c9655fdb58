"""Groups of the zoo: their models, and how these are built and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tests.zoo import applications, estimators, layers, sizes

USER_MODULES = ("tabular", "images", "dense_images", "sequences", "text", "recommenders", "precision")

Build = Callable[[], Any]


@dataclass(frozen=True)
class Group:
    """Models by name.

    ``process`` is how many of them share a process, ``minutes`` the time limit of that process.
    """

    name: str
    package: str
    builders: Callable[[Any], Mapping[str, Build]]
    process: int = 15
    minutes: float = 30.0

    def form(self, name: str, build: Build) -> str:
        """Return the format that a model is saved in."""
        if self.package == "keras":
            return str(getattr(build, "form", "keras"))
        return "keras" if name in _WITH_VOCABULARY else "h5"


# Keras 2's .h5 files lose vocabularies.
_WITH_VOCABULARY = {"StringLookup", "IntegerLookup", "TextVectorization"}


def user_models(_: Any = None) -> Mapping[str, Build]:
    """Return the public functions of :mod:`tests.zoo.user_models`, in order."""
    return {name: build for module in USER_MODULES for name, build in _builders(module)}


def _builders(module: str) -> Iterator[tuple[str, Build]]:
    loaded = import_module(f"tests.zoo.user_models.{module}")
    for name, value in vars(loaded).items():
        ours = getattr(value, "__module__", "") == loaded.__name__ and not isinstance(value, type)
        if ours and callable(value) and not name.startswith("_"):
            yield name, value


GROUPS = {
    group.name: group
    for group in (
        Group("users", "keras", user_models),
        Group("layers", "keras", layers.ordinary, process=30),
        Group("layers-keras2", "tf_keras", layers.ordinary, process=30),
        Group("options", "keras", layers.options, process=10),
        Group("applications", "keras", applications.applications, process=1),
        Group("applications-keras2", "tf_keras", applications.applications, process=1),
        Group("sizes", "keras", sizes.sizes, process=1),
        Group("scikit-learn", "sklearn", estimators.builders, process=20),
    )
}
