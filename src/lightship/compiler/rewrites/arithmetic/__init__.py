"""Rewrites of operators that compute numbers from numbers of the same place."""
