"""Handlers of the Lambda functions.

Each ``app.py`` in functions/ imports its handler from here in one line.
"""
