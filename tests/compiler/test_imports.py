"""Import of TensorFlow and Keras in child processes."""

from __future__ import annotations

import subprocess
import sys

_UNUSED = """
import sys
from lightship.compiler.imports import framework
print(*(framework(name).__name__ for name in ("tensorflow", "keras", "tf_keras")))
print(*(name for name in ("matplotlib", "scipy", "sklearn") if name in sys.modules))
import scipy.stats
print(scipy.stats.norm.cdf(0))
"""
_IMPORTED = """
import sys, scipy
from lightship.compiler.imports import framework
print(framework("keras") is sys.modules["keras"], sys.modules["scipy"] is scipy)
"""
_COLLECTIONS = """
import gc
from lightship.compiler.imports import framework
before = gc.get_stats()
framework("keras")
print(gc.get_stats() == before, gc.isenabled())
"""


def _printed(script: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_framework_imports_without_unused_packages() -> None:
    assert _printed(_UNUSED) == ["tensorflow keras tf_keras", "", "0.5"]


def test_framework_keeps_imported_packages() -> None:
    assert _printed(_IMPORTED) == ["True True"]


def test_framework_imports_without_garbage_collection() -> None:
    assert _printed(_COLLECTIONS) == ["True True"]
