"""Keras files: checks, loading by Keras 3 or tf_keras, and export."""
