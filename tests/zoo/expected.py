"""What is known not to run on LiteRT, with a word of the reason: a change of this list is to be reviewed."""

from __future__ import annotations

# Name → (engine, a word that the reason holds).
USERS: dict[str, tuple[str, str]] = {}
LAYERS: dict[str, tuple[str, str]] = {}
LAYERS_KERAS2: dict[str, tuple[str, str]] = {}
APPLICATIONS: dict[str, tuple[str, str]] = {}
