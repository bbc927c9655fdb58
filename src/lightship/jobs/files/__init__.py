"""Rows of a chunk, one module for each format."""
