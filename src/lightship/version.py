"""The version of Lightship, in one place."""

__version__ = "0.1.0"
