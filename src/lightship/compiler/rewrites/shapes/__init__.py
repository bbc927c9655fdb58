"""Rewrites of operators that move values or change a tensor's shape."""
