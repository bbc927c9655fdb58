"""Models expected not to run on LiteRT, with reasons; review every change."""

from __future__ import annotations

# Name → (engine, a word that the reason contains).
Expected = dict[str, tuple[str, str]]

USERS: Expected = {
    "monte_carlo_dropout": ("tensorflow", "StatelessRandomUniformV2"),
}
_CODE: Expected = {"Lambda": ("refused", "Lambda")}
LAYERS: Expected = _CODE
LAYERS_KERAS2: Expected = {**_CODE, "DenseFeatures": ("refused", "DenseFeatures")}
PREPROCESSING: Expected = {}
ALL_ON_LITERT: Expected = {}
