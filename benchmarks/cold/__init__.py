"""Blocks of a container image that a cold start reads."""
