"""ScoreFunction's entry point: the library holds the logic."""

from lightship.handlers.score import handler

__all__ = ["handler"]
