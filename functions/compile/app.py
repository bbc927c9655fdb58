"""Entry point of CompileWorkerFunction; the library contains the logic."""

from lightship.handlers.compiling.worker import handler

__all__ = ["handler"]
