"""Names of the cases that a run compiles.

Without ``LIGHTSHIP_TEST_LIFTING=all``, as in CI, each layer is compiled with one of the two frameworks.
"""

from __future__ import annotations

import os

SAMPLE = ("keras3 vectors", "keras2 lookups", "keras3 hashes", "keras2 classifier", "keras2 feature_columns")
LAYERS = ("vectors", "lookups", "hashes", "classifier", "feature_space", "feature_columns")
KERAS = tuple(f"{framework} {name}" for name in LAYERS for framework in ("keras3", "keras2"))
# Cases of SavedModels, by an operator that is lifted; and by the reason why none is.
FUNCTIONS = {
    "lengths": "StringSplitV2",
    "two splits": "StringToHashBucketFast",
    "joined": "StringToHashBucketStrong",
    "code points": "UnicodeDecode",
    "equal": "Equal",
}
KEPT = {
    "quadratic pattern": "StaticRegexReplace",
    "text of results": "AsString (which needs MatMul)",
    "loop": "StringLength (which needs StatelessWhile)",
}


def keras_names() -> tuple[str, ...]:
    """Return the names of the Keras models to compile."""
    return KERAS if os.environ.get("LIGHTSHIP_TEST_LIFTING") == "all" else SAMPLE


def all_names() -> tuple[str, ...]:
    """Return the names of all models to compile."""
    return (*keras_names(), *FUNCTIONS, *KEPT)
