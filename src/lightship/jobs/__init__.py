"""Batch jobs: a data file in a bucket becomes a scored one, each row exactly once even if workers crash."""
