"""Comparison of a compiled model with the original."""
