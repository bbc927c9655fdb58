"""scikit-learn models: intake of their files, and translation to TensorFlow."""
