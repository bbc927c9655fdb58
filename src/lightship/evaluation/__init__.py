"""Evaluation: mergeable counts of predictions and targets, and their metrics."""
