"""A Keras model as a TensorFlow function, and what its export computes."""
