"""Import of TensorFlow and Keras in child processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
from lightship.compiler.imports import framework
package = framework({name!r})
print(package.__name__, *(name for name in ("matplotlib", "scipy", "sklearn") if name in sys.modules))
import sklearn.linear_model
import scipy.stats
print(sklearn.linear_model.LogisticRegression.__name__, scipy.stats.norm.cdf(0))
"""


@pytest.mark.parametrize("name", ["keras", "tensorflow", "tf_keras"])
def test_framework_imports_without_unused_packages(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(name=name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [name, "LogisticRegression 0.5"]


def test_framework_keeps_imported_packages() -> None:
    script = "import sklearn, sys\nfrom lightship.compiler.imports import framework\n"
    script += "keras = framework('keras')\nprint(keras is sys.modules['keras'], sys.modules['sklearn'] is sklearn)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "True"], done.stderr
