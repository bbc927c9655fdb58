"""Import of large packages in a child process.

Keras imports packages for parts that no model file uses: scikit-learn and SciPy for ``keras.wrappers``, matplotlib for
``keras.visualization``. They take 40 % of the import's time and 95 MB. Without a package, Keras lacks these parts only.

The garbage collector takes a fifth of an import's time and finds nothing, because imported objects stay: it is off
during an import, and later passes over what there is then.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_UNUSED = ("matplotlib", "scipy", "sklearn")


def framework(name: str) -> Any:
    """Return TensorFlow or Keras by name, imported without the unused packages.

    These can be imported later. No other thread may import at the same time.
    """
    return _imported(name, hidden=_UNUSED)


def package(name: str) -> Any:
    """Return a package by name, imported without garbage collection."""
    return _imported(name)


def _imported(name: str, *, hidden: Iterable[str] = ()) -> Any:
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        with _without(hidden):
            return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _without(packages: Iterable[str]) -> Iterator[None]:
    """Hide those of the packages that are not imported yet."""
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in packages if name not in modules]
    modules.update(dict.fromkeys(hidden))  # an import of None raises ImportError
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]
