"""Versions, labels, traffic and history of models, in a folder or in S3."""
