"""Rewrites of loops over lists of tensors to loops over dense tensors."""
