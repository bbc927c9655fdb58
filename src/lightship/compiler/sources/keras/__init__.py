"""Keras files: their checks, their loading by Keras 3 or tf_keras, and their export."""
