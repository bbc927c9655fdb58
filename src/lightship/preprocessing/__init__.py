"""Preprocessing: programs of numpy operators before an engine.

A program computes the engine's inputs from those of a call. It holds the part of a model that LiteRT cannot run, such
as operators on strings, or that must compute in float64. It is data in the bundle: ``preprocessing`` in the manifest
lists the steps, ``assets/constants.npz`` holds the arrays.
"""

from lightship.preprocessing.program import Program, Step
from lightship.preprocessing.storage import read_programs, write_programs

__all__ = ["Program", "Step", "read_programs", "write_programs"]
