"""Uploads and downloads of batch jobs' files."""
