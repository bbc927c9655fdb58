"""Conversion of an original model to one that an engine of the server runs."""
