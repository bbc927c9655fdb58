"""Operators on strings, and between strings and numbers."""
