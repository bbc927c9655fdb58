"""Smaller and faster variants of six models, chosen within a budget."""
