"""Default arguments for files of early releases.

These files lack arguments whose defaults a later release changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Keras before 2.1.3 has no argument ``reset_after`` and computes as with False.
KERAS2: Mapping[str, Mapping[str, Any]] = {"GRU": {"reset_after": False}, "GRUCell": {"reset_after": False}}


def with_defaults(layer: Any, arguments: Mapping[str, Any]) -> Any:
    """Return a subclass of the same name with other default arguments.

    They apply to arguments that a configuration does not set.
    """

    def from_config(cls: Any, config: Mapping[str, Any]) -> Any:
        return super(subclass, cls).from_config({**arguments, **config})

    subclass: Any = type(layer.__name__, (layer,), {"from_config": classmethod(from_config)})
    return subclass
