"""Explanations beside predictions: time of one row."""
