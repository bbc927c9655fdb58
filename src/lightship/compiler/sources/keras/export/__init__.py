"""A Keras model as a TensorFlow function, and the check of its export."""
