"""Loops over lists of tensors, as dense tensors."""
