"""Rows of data files as tensors of a model: for jobs, evaluation and the compiler."""
