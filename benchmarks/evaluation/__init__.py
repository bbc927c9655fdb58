"""Counts of evaluations: rows per second and memory."""
