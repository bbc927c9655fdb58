"""Lifted preprocessing beside that of Keras and TensorFlow."""
