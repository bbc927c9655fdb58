"""Operators from values to indices, and on columns of tables."""
