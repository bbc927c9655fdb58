"""Saving of a model of the zoo as the file that is compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMATS = ("keras", "h5", "export")

Build = Callable[[], Any]


def saved_as(form: str) -> Callable[[Build], Build]:
    """Return a decorator that sets the format in which a model is saved.

    Formats are ``h5`` and ``export``, a SavedModel; the default is a ``.keras`` file.
    """

    def mark(build: Build) -> Build:
        build.form = form  # type: ignore[attr-defined]
        return build

    return mark


def save(model: Any, folder: Path, form: str) -> Path:
    """Write a Keras model and return the path of its file or folder."""
    if form == "export":
        path = folder / "exported"
        model.export(path, verbose=False)
        return path
    path = folder / f"model.{form}"
    model.save(path)
    return path
