"""Benchmarks of Lightship against other ways to serve a model.

``python -m benchmarks`` runs them; tests never check their figures.
"""
