"""CompileWorkerFunction's entry point: the library holds the logic."""

from lightship.handlers.compiling.worker import handler

__all__ = ["handler"]
