"""Arguments that files of early releases do not have, where a later release changed the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Keras before 2.1.3 has no such argument and computes what it calls False.
KERAS2: Mapping[str, Mapping[str, Any]] = {"GRU": {"reset_after": False}, "GRUCell": {"reset_after": False}}


def with_defaults(layer: Any, arguments: Mapping[str, Any]) -> Any:
    """Return a class of the same name that takes these arguments where a configuration does not have them."""

    def from_config(cls: Any, config: Mapping[str, Any]) -> Any:
        return super(patched, cls).from_config({**arguments, **config})

    patched: Any = type(layer.__name__, (layer,), {"from_config": classmethod(from_config)})
    return patched
