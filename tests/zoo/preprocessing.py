"""Models of one preprocessing layer of Keras, which is lifted out of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tests.compiler.lifting import keras_cases
from tests.compiler.lifting.keras_cases import HASHES, LOOKUPS, VECTORS, WORDS
from tests.zoo.saving import Build

_MODES: tuple[Mapping[str, Any], ...] = ({}, {"output_mode": "one_hot"})


def preprocessing(keras: Any) -> dict[str, Build]:
    """Return builders by name: the layer, its input and its options."""
    models = {_named(layer, options, dtype): build for layer, options, dtype, build in _layers(keras)}
    spaces = {
        "FeatureSpace": keras_cases.feature_space,
        "FeatureSpace(output_mode=dict)": keras_cases.feature_columns,
    }
    return models | {name: partial(space, keras) for name, space in spaces.items()}


def _layers(keras: Any) -> Iterator[tuple[str, Mapping[str, Any], str, Build]]:
    layers = keras.layers
    model = partial(_model, keras)

    def rows(layer: str, forms: Any, dtype: str, **fixed: Any) -> Iterator[tuple[str, Mapping[str, Any], str, Build]]:
        for options in forms:
            yield layer, options, dtype, partial(model, getattr(layers, layer), dtype, **fixed, **options)

    yield from rows("TextVectorization", VECTORS.values(), "string", vocabulary=WORDS)
    yield from rows("StringLookup", LOOKUPS.values(), "string", vocabulary=WORDS)
    yield from rows("IntegerLookup", map(_of_numbers, LOOKUPS.values()), "int64", vocabulary=[2, 5, 7])
    yield from rows("Hashing", [*HASHES.values(), {"mask_value": "foo"}], "string", num_bins=7)
    yield from rows("Hashing", [{}, {"mask_value": 3}], "int64", num_bins=7)
    for options in _MODES:
        yield "HashedCrossing", options, "", partial(_crossing, keras, **options)
    modes = [{"output_mode": mode} for mode in ("one_hot", "multi_hot", "count")]
    yield from rows("CategoryEncoding", modes, "int64", num_tokens=9)
    yield from rows("Discretization", _MODES, "float32", bin_boundaries=[1.0, 3.0, 5.5])
    yield from rows("Normalization", [{}, {"invert": True}], "float32", mean=2.0, variance=4.0)


def _model(keras: Any, layer: Callable[..., Any], dtype: str, **options: Any) -> Any:
    value = keras.Input((1,), dtype=dtype, name="value")
    return keras.Model(value, layer(**options)(value))


def _crossing(keras: Any, **options: Any) -> Any:
    word, number = keras.Input((1,), dtype="string", name="word"), keras.Input((1,), dtype="int64", name="number")
    return keras.Model([word, number], keras.layers.HashedCrossing(11, **options)((word, number)))


def _of_numbers(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**options, "mask_token": 0} if "mask_token" in options else options


def _named(layer: str, options: Mapping[str, Any], dtype: str) -> str:
    inside = ", ".join(f"{key}={value}" for key, value in options.items() if key != "idf_weights")
    named = f"{layer}({inside})" if inside else layer
    return f"{named} of integers" if (layer, dtype) == ("Hashing", "int64") else named
