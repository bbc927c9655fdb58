"""Completion of a job: join its parts and write the receipt."""
