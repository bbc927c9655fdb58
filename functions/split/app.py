"""SplitFunction's entry point: the library holds the logic."""

from lightship.handlers.split import handler

__all__ = ["handler"]
