"""Rewrites of operators on images and volumes."""
