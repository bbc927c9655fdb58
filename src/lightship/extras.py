"""Extras of the package, and the error for one that is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from lightship.errors import MissingExtra

# The modules that each extra of pyproject.toml adds to those of the extras it includes.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "serve": ("click", "granian", "prometheus_client", "rich", "uvloop", "yaml"),
    "s3": ("obstore",),
    "aws": ("boto3", "botocore"),
    "events": ("aws_lambda_powertools", "pyarrow"),
    "tensorflow": ("tensorflow",),
    "compile": ("ai_edge_quantizer", "h5py", "keras", "lightgbm", "skops", "sklearn", "tf_keras", "xgboost"),
    "text": ("sentencepiece", "tokenizers"),
    "local": ("a2wsgi", "flask", "moto", "uvicorn"),
}

# Extras that not every image has, and how to build one that has them.
_IMAGES: Mapping[str, str] = {
    "tensorflow": "Engine=tensorflow (AWS) or LIGHTSHIP_ENGINE=tensorflow (docker compose)",
    "text": "Text=always (AWS) or LIGHTSHIP_TEXT=always (docker compose)",
}


def require(extra: str, feature: str) -> None:
    """Raise MissingExtra unless all packages of an extra are installed.

    Imports none of them. ``feature`` is the part of Lightship that needs the extra, for the message.
    """
    if any(find_spec(module) is None for module in EXTRAS[extra]):
        raise missing_extra(extra, feature)


def missing_extra(extra: str, feature: str, *, detail: str = "") -> MissingExtra:
    """Return the error for an extra that is not installed; see :func:`require`."""
    return MissingExtra(
        f"{feature} needs the extra '{extra}', which is not installed: {installation(extra)}", detail=detail
    )


def installation(extra: str) -> str:
    """Return how to install an extra, in a Python environment and in an image."""
    command = f"pip install 'lightship[{extra}]'"
    return f"{command}, or build the image with {_IMAGES[extra]}" if extra in _IMAGES else command


def extra_of(error: ImportError) -> str | None:
    """Return the extra of the module that could not be imported, or None."""
    package = (error.name or "").partition(".")[0]
    return next((extra for extra, modules in EXTRAS.items() if package in modules), None)
