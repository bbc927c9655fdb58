"""Families of keras.applications, each represented by its smallest member."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

# The smallest member of each family.
APPLICATIONS = [
    "ConvNeXtTiny",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "NASNetMobile",
    "RegNetX002",
    "RegNetY002",
    "ResNet50",
    "ResNet50V2",
    "ResNetRS50",
    "VGG16",
    "Xception",
]
SIDES = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
SIDE = 32

# Limits for compiling one of them: processor time of all threads, and memory.
SECONDS = 240.0
BYTES = 4 * 1024**3

Build = Callable[[], Any]


def applications(keras: Any) -> dict[str, Build]:
    """Return the builders of the families that a package has."""
    return {name: partial(_application, keras, name) for name in APPLICATIONS if hasattr(keras.applications, name)}


def _application(keras: Any, name: str) -> Any:
    side = SIDES.get(name, SIDE)
    shape = (side, side, 3)
    return getattr(keras.applications, name)(weights=None, include_top=False, pooling="avg", input_shape=shape)
