"""Compiler: turn a model file into the next version of a model in a registry.

::

    declarations   model.yaml, and originals with the inputs that it declares
    sources        formats of model files, and the originals that they load
    description    a starter model.yaml for a file (``lightship init``)
    graph          frozen graphs; lifting, rewrites and trees make graphs that LiteRT can run
    conversion     choice of the engine
    verification   recordings, comparisons, the trial
    sandbox        child processes that open model files

Names are imported lazily: the sandboxed child process imports this package before it is confined, and importing numpy
would start threads, each of which would have to be confined separately.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lightship import extras

if TYPE_CHECKING:
    from lightship.compiler.pipeline import CompileOptions, compile_model, name_from
    from lightship.compiler.report import Report

_HOMES = {"CompileOptions": "pipeline", "Report": "report", "compile_model": "pipeline", "name_from": "pipeline"}

__all__ = ["CompileOptions", "Report", "compile_model", "name_from"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lightship.compiler' has no attribute '{name}'")
    extras.require("compile", "compiling")
    return getattr(import_module(f"lightship.compiler.{_HOMES[name]}"), name)
