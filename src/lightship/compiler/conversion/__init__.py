"""The original model as one that an engine of the server runs."""
