"""Rewrites of element-wise arithmetic and of integer sums."""
