"""Files of models for test registries, compiled in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import skops.io

from lightship.bundle import Bundle
from lightship.compiler import build
from lightship.compiler.device import child as device
from lightship.compiler.job import BuildJob
from lightship.compiler.sandbox import ignore_progress
from lightship.registry.registry import Registry

# Write a model to a path without suffix, and return the file.
Write = Callable[[Path], Path]


def keras_file(build: Callable[[], keras.Model]) -> Write:
    """Return the function that writes a Keras model."""

    def write(path: Path) -> Path:
        build().save(path.with_suffix(".keras"))
        return path.with_suffix(".keras")

    return write


def skops_file(build: Callable[[], Any]) -> Write:
    """Return the function that writes a scikit-learn model."""

    def write(path: Path) -> Path:
        skops.io.dump(build(), path.with_suffix(".skops"))
        return path.with_suffix(".skops")

    return write


def publish(source: Path, registry: Registry, name: str, config: dict[str, Any]) -> None:
    """Compile a file and publish it.

    This process does what `lightship compile` does in sandboxed processes, each of which would import TensorFlow again.
    """
    with registry.staging() as folder:
        build.build(BuildJob(source, folder, config=config).to_json(), ignore_progress)
        device.build({"folder": str(folder), "slow": False}, ignore_progress)
        registry.publish(name, Bundle.reopen(folder))
