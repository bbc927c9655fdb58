"""Entry point of ScoreFunction; the library contains the logic."""

from lightship.handlers.score import handler

__all__ = ["handler"]
