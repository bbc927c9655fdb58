"""PredictFunction's entry point: the library holds the logic."""

from lightship.handlers.predict import handler

__all__ = ["handler"]
