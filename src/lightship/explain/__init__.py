"""Explanations: how much each value of an input contributed to an output."""
