"""Comparison of two models on the same rows."""

from lightship.evaluation.comparison.compare import compare
from lightship.evaluation.comparison.comparison import Change, ComparedOutput, Comparison, Difference
from lightship.evaluation.comparison.requirements import Requirement, Verdict

__all__ = ["Change", "ComparedOutput", "Comparison", "Difference", "Requirement", "Verdict", "compare"]
