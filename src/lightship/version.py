"""The version of Lightship."""

__version__ = "0.2.0"
