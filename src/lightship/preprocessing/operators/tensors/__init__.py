"""Operators on arrays of any shape, as TensorFlow has them."""
