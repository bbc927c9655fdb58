"""Translation of TensorFlow's operators to steps of a preprocessing program.

A group of operators is one module with ``RULES``. To add an operator, add its rule there, and a case to its
differential test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.compiler.lifting.translation import elementwise, features, shapes, strings
from lightship.compiler.lifting.translation.base import NotLiftable, Translate, Translated
from lightship.tensors import DTYPES

__all__ = ["TRANSLATIONS", "NotLiftable", "Translated", "translate"]

TRANSLATIONS: Mapping[str, Translate] = {**strings.RULES, **features.RULES, **shapes.RULES, **elementwise.RULES}


def translate(operation: Any) -> Translated:
    """Return the step of a tf.Operation; raises NotLiftable."""
    rule = TRANSLATIONS.get(operation.type)
    if rule is None or any(tensor.dtype.name not in {*DTYPES, "resource"} for tensor in operation.outputs):
        raise NotLiftable(operation.type)
    return rule(operation)
