"""The version of Lightship."""

__version__ = "0.1.0"
