"""Entry point of SplitFunction; the library contains the logic."""

from lightship.handlers.split import handler

__all__ = ["handler"]
