"""Models expected not to run on LiteRT, with reasons; review every change."""

from __future__ import annotations

# Name → (engine, a word that the reason contains).
Expected = dict[str, tuple[str, str]]

USERS: Expected = {
    "hashed_strings": ("tensorflow", "StringToHashBucketFast"),
    "monte_carlo_dropout": ("tensorflow", "StatelessRandomUniformV2"),
    "string_classifier": ("tensorflow", "StringSplitV2"),
}
_STRINGS_AND_CODE: Expected = {
    "HashedCrossing": ("tensorflow", "SparseCross"),
    "Hashing": ("tensorflow", "StringToHashBucketFast"),
    "Lambda": ("refused", "Lambda"),
    "TextVectorization": ("tensorflow", "StringSplitV2"),
}
LAYERS: Expected = _STRINGS_AND_CODE
LAYERS_KERAS2: Expected = {**_STRINGS_AND_CODE, "DenseFeatures": ("refused", "DenseFeatures")}
OPTIONS: Expected = {
    "HashedCrossing(num_bins=5, output_mode=one_hot)": ("tensorflow", "SparseCross"),
    "Hashing(num_bins=5, output_mode=multi_hot)": ("tensorflow", "StringToHashBucketFast"),
    "Hashing(num_bins=5, salt=[1, 2])": ("tensorflow", "StringToHashBucketStrong"),
    "StringLookup(vocabulary=['a', 'b'], num_oov_indices=2)": ("tensorflow", "StringToHashBucketFast"),
    **{
        f"TextVectorization(vocabulary=['a', 'b'], output_mode={form})": ("tensorflow", operator)
        for form, operator in (
            ("multi_hot, ngrams=2", "StringNGrams"),
            ("count, split=character", "UnicodeDecode"),
            ("tf_idf, idf_weights=[1.0, 2.0], standardize=lower", "StringSplitV2"),
        )
    },
}
APPLICATIONS: Expected = {}
