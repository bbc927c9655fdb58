"""Checks of .skops files, before skops or scikit-learn opens them."""
