"""CompileFunction's entry point: the library holds the logic."""

from lightship.handlers.compile import handler

__all__ = ["handler"]
