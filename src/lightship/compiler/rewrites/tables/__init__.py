"""Rewrites of lookup tables."""
