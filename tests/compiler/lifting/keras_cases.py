"""Keras models with preprocessing layers, for Keras 3 and tf_keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

WORDS = ["foo", "bar", "baz"]
IDF = [0.5, 1.5, 2.5]

VECTORS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "as_they_are": {"standardize": None},
    "lower": {"standardize": "lower"},
    "strip": {"standardize": "strip_punctuation"},
    "whole": {"split": None},
    "characters": {"split": "character"},
    "bigrams": {"ngrams": 2},
    "some_grams": {"ngrams": (1, 3)},
    "cut": {"output_sequence_length": 5},
    "multi_hot": {"output_mode": "multi_hot"},
    "counted": {"output_mode": "count"},
    "padded_count": {"output_mode": "count", "pad_to_max_tokens": True, "max_tokens": 12},
    "weighted": {"output_mode": "tf_idf", "idf_weights": IDF},
    "counted_bigrams": {"output_mode": "count", "ngrams": 2},
    "counted_characters": {"output_mode": "count", "split": "character", "standardize": None},
}
LOOKUPS: Mapping[str, Mapping[str, Any]] = {
    "index": {},
    "many_unknown": {"num_oov_indices": 3},
    "masked": {"mask_token": "[M]"},
    "masked_many": {"mask_token": "[M]", "num_oov_indices": 2},
    "one_hot": {"output_mode": "one_hot", "num_oov_indices": 3},
    "multi_hot": {"output_mode": "multi_hot", "num_oov_indices": 3},
    "count": {"output_mode": "count", "num_oov_indices": 3},
    "weighted": {"output_mode": "tf_idf", "idf_weights": IDF, "num_oov_indices": 3},
}
HASHES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "salt": {"salt": 5},
    "salts": {"salt": [133, 137]},
    "one_hot": {"output_mode": "one_hot"},
    "multi_hot": {"output_mode": "multi_hot"},
    "count": {"output_mode": "count"},
}


def vectors(keras: Any) -> Any:
    """Return TextVectorization in every form; tf_keras cannot load a tuple of n-grams."""
    text = keras.Input((1,), dtype="string", name="text")
    layer = keras.layers.TextVectorization
    forms = {name: form for name, form in VECTORS.items() if name != "some_grams" or keras.__name__ == "keras"}
    return keras.Model(text, {name: layer(vocabulary=WORDS, **form)(text) for name, form in forms.items()})


def lookups(keras: Any) -> Any:
    """Return StringLookup and IntegerLookup in every form."""
    word, number = keras.Input((1,), dtype="string", name="word"), keras.Input((1,), dtype="int64", name="number")
    strings, integers = keras.layers.StringLookup, keras.layers.IntegerLookup
    outputs = {f"word_{name}": strings(vocabulary=WORDS, **kw)(word) for name, kw in LOOKUPS.items()}
    outputs |= {
        f"number_{name}": integers(vocabulary=[2, 5, 7], **{**kw, **({"mask_token": 0} if "mask_token" in kw else {})})(
            number
        )
        for name, kw in LOOKUPS.items()
    }
    return keras.Model([word, number], outputs)


def hashes(keras: Any) -> Any:
    """Return Hashing and HashedCrossing in every form, and numeric preprocessing."""
    word, number = keras.Input((1,), dtype="string", name="word"), keras.Input((1,), dtype="int64", name="number")
    amount = keras.Input((1,), name="amount")
    layers = keras.layers
    outputs = {f"word_{name}": layers.Hashing(7, **kw)(word) for name, kw in HASHES.items()}
    outputs |= {f"number_{name}": layers.Hashing(7, **kw)(number) for name, kw in HASHES.items()}
    outputs["word_masked"] = layers.Hashing(7, mask_value="foo")(word)
    outputs["number_masked"] = layers.Hashing(7, mask_value=3)(number)
    outputs["crossed"] = layers.HashedCrossing(11)((word, number))
    outputs["crossed_one_hot"] = layers.HashedCrossing(11, output_mode="one_hot")((word, number))
    outputs["bins"] = layers.Discretization(bin_boundaries=[1.0, 3.0, 5.5])(amount)
    outputs["scaled"] = layers.Normalization(mean=2.0, variance=4.0)(amount)
    outputs["categories"] = layers.CategoryEncoding(num_tokens=9, output_mode="multi_hot")(number)
    return keras.Model([word, number, amount], outputs)


def classifier(keras: Any) -> Any:
    """Return a nested text classifier with a second, numeric input."""
    layers = keras.layers
    vectors = keras.Sequential(
        [keras.Input((1,), dtype="string"), layers.TextVectorization(vocabulary=WORDS, output_sequence_length=6)]
    )
    text, amount = keras.Input((1,), dtype="string", name="text"), keras.Input((2,), name="amount")
    vector = layers.GlobalAveragePooling1D()(layers.Embedding(5, 4)(vectors(text)))
    joined = layers.Concatenate()([vector, layers.Dense(3)(amount)])
    return keras.Model([text, amount], layers.Dense(2, activation="softmax")(joined))


def feature_space(keras: Any) -> Any:
    """Return a FeatureSpace with a feature of each kind and a cross."""
    space = _space(keras)
    encoded = space.get_encoded_features()
    return keras.Model(space.get_inputs(), keras.layers.Dense(1)(encoded))


def feature_columns(keras: Any) -> Any:
    """Return a FeatureSpace whose outputs are named."""
    space = _space(keras, output_mode="dict")
    return keras.Model(space.get_inputs(), space.get_encoded_features())


def _space(keras: Any, **options: Any) -> Any:
    import tensorflow as tf

    kinds = keras.utils.FeatureSpace
    features = {
        "word": kinds.string_categorical(num_oov_indices=1),
        "grade": kinds.integer_categorical(),
        "amount": kinds.float_normalized(),
        "age": kinds.float_discretized(num_bins=3),
        "street": kinds.string_hashed(num_bins=10),
        "code": kinds.integer_hashed(num_bins=10),
        "share": kinds.float_rescaled(scale=2.0),
        "plain": kinds.float(),
    }
    cross = kinds.cross(feature_names=("word", "grade"), crossing_dim=16)
    space = kinds(features=features, crosses=[cross], **options)
    numbers = [1.0, 2.0, 3.0, 4.0]
    integers = [1, 2, 3, 4]
    data = dict.fromkeys(("amount", "age", "share", "plain"), numbers)
    data |= dict.fromkeys(("grade", "code"), integers) | {name: [*WORDS, "foo"] for name in ("word", "street")}
    space.adapt(tf.data.Dataset.from_tensor_slices(data).batch(4))
    return space


CASES: Mapping[str, Callable[[Any], Any]] = {
    "vectors": vectors,
    "lookups": lookups,
    "hashes": hashes,
    "classifier": classifier,
    "feature_space": feature_space,
    "feature_columns": feature_columns,
}
