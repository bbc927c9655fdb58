"""Recurrent layers with their steps written out: they convert to LiteRT where their loop does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lightship.compiler.frameworks import Framework

# A model grows with the number of steps.
UNROLL_LIMIT = 256


def unrolled(framework: Framework, model: Any) -> Any | None:
    """Return a copy of a model whose recurrent layers are unrolled; None where none of them can be.

    All other layers are the model's own. A layer needs a known number of steps, of at most ``UNROLL_LIMIT``.
    """
    chosen = {id(layer) for layer in model.layers if _unrollable(layer)}
    if not chosen:
        return None

    def copied(layer: Any) -> Any:
        return type(layer).from_config(_with_unroll(layer.get_config())) if id(layer) in chosen else layer

    copy = framework.module.models.clone_model(model, clone_function=copied)
    for old, new in zip(model.layers, copy.layers, strict=True):
        if new is not old:
            new.set_weights(old.get_weights())
    return copy


def _unrollable(layer: Any) -> bool:
    """Return whether a layer is or holds recurrent layers, all of them of few enough steps."""
    found = [inner for inner in _layers(layer) if hasattr(inner, "unroll")]
    return bool(found) and all(inner.unroll or 0 < _steps(inner) <= UNROLL_LIMIT for inner in found)


def _layers(layer: Any) -> Iterator[Any]:
    """Yield a layer and the layers that do its work: a model's, a wrapper's."""
    yield layer
    if hasattr(layer, "forward_layer"):  # a Bidirectional's ``layer`` is the pattern of its two
        inner = [layer.forward_layer, layer.backward_layer]
    else:
        inner = [*getattr(layer, "layers", ()), *([layer.layer] if hasattr(layer, "layer") else [])]
    for one in inner:
        yield from _layers(one)


def _steps(layer: Any) -> int:
    """Return the time steps of a recurrent layer from the shape it was built for, [batch, time, ...]; 0 if unknown."""
    shape: Sequence[int | None] = (layer.get_build_config() or {}).get("input_shape") or ()
    return (shape[1] or 0) if len(shape) > 2 else 0


def _with_unroll(config: Any) -> Any:
    """Return a copy of a configuration in which ``unroll`` is true at every depth."""
    if isinstance(config, dict):
        return {key: True if key == "unroll" else _with_unroll(value) for key, value in config.items()}
    return [_with_unroll(value) for value in config] if isinstance(config, list) else config
