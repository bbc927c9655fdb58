"""Groups of the zoo: their models, and how these are built and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tests.zoo import applications, boosters, estimators, layers, preprocessing, saving, sizes
from tests.zoo.saving import Build, Save

USER_MODULES = ("tabular", "images", "dense_images", "sequences", "text", "recommenders", "precision")


@dataclass(frozen=True)
class Group:
    """Models by name.

    ``builders`` takes the imported ``package``. ``process`` is how many models share a process, ``minutes`` the time
    limit of that process, and ``many`` whether 1,024 rows are timed, too.
    """

    name: str
    package: str
    builders: Callable[[Any], Mapping[str, Build]]
    save: Save = saving.keras3
    process: int = 15
    minutes: float = 30.0
    many: bool = False

    def models(self) -> Mapping[str, Build]:
        """Import the package and return the builders by name."""
        return self.builders(import_module(self.package))


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
        Group("layers-keras2", "tf_keras", layers.ordinary, saving.keras2, process=30),
        Group("options", "keras", layers.options, process=10),
        Group("applications", "keras", applications.applications, process=1),
        Group("applications-keras2", "tf_keras", applications.applications, saving.keras2, process=1),
        Group("sizes", "keras", sizes.sizes, process=1),
        Group("preprocessing", "keras", preprocessing.preprocessing, many=True),
        Group("scikit-learn", "sklearn", estimators.estimators, estimators.save, process=20, many=True),
        Group("scikit-learn-trees", "sklearn", estimators.trees, estimators.save, many=True),
        Group("boosters", "sklearn", boosters.boosters, boosters.save, process=20, many=True),
    )
}
