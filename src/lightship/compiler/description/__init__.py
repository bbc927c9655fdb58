"""Describe a model file without compiling it: its signatures, and a model.yaml to begin with."""
