"""Rewrites of single operators, one module per kind."""
