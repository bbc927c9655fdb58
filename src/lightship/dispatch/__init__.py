"""Admission and synchronous dispatch of a request to its protocol's route."""
