"""Import of TensorFlow and Keras in a child process.

Keras imports packages for parts that no model file uses: scikit-learn and SciPy for ``keras.wrappers``, matplotlib for
``keras.visualization``. They take 40 % of the import's time and 95 MB. Without a package, Keras lacks these parts only.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_UNUSED = ("matplotlib", "scipy", "sklearn")


def framework(package: str) -> Any:
    """Return TensorFlow or Keras by name, imported without what it can do without.

    The hidden packages can be imported later. No other thread may import at the same time.
    """
    modules: dict[str, Any] = sys.modules
    if package in modules:
        return modules[package]
    hidden = [name for name in _UNUSED if name not in modules]
    modules.update(dict.fromkeys(hidden))  # an import of None raises ImportError
    try:
        return import_module(package)
    finally:
        for name in hidden:
            del modules[name]
