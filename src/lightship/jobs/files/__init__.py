"""Rows of a chunk, by kind of file."""
