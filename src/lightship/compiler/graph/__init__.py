"""Frozen graph of a signature, and operations that read and change it."""
