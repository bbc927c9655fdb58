"""What is known not to run on LiteRT, with a word of the reason: a change of this list is to be reviewed."""

from __future__ import annotations

# Name → (engine, a word that the reason holds).
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
APPLICATIONS: Expected = {}
