"""Measurements beside the usual way of serving a model. ``python -m benchmarks`` runs them; figures are never tests."""
