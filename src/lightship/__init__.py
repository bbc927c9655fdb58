"""Compile Keras and TensorFlow models and serve them as an HTTPS prediction API.

    from lightship import Call, Model

    model = Model.open("models/quickstart/1")
    model.predict(Call({"features": array})).outputs

Exported names are imported on first use, so that ``import lightship`` loads no other module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lightship.version import __version__

if TYPE_CHECKING:
    from lightship.app import create_app
    from lightship.bundle import Bundle, Manifest
    from lightship.calls import Call, Result
    from lightship.compiler import CompileOptions, compile_model
    from lightship.errors import InvalidInput, LightshipError
    from lightship.handlers.predict import handler_for
    from lightship.model import Model
    from lightship.registry.registry import Registry
    from lightship.tensors import Signature, TensorSpec

_HOMES = {
    "Bundle": "bundle",
    "create_app": "app",
    "handler_for": "handlers.predict",
    "Call": "calls",
    "CompileOptions": "compiler",
    "InvalidInput": "errors",
    "LightshipError": "errors",
    "Manifest": "bundle",
    "Model": "model",
    "Registry": "registry.registry",
    "Result": "calls",
    "Signature": "tensors",
    "TensorSpec": "tensors",
    "compile_model": "compiler",
}

__all__ = [
    "Bundle",
    "Call",
    "CompileOptions",
    "InvalidInput",
    "LightshipError",
    "Manifest",
    "Model",
    "Registry",
    "Result",
    "Signature",
    "TensorSpec",
    "__version__",
    "compile_model",
    "create_app",
    "handler_for",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lightship' has no attribute '{name}'")
    return getattr(import_module(f"lightship.{_HOMES[name]}"), name)
