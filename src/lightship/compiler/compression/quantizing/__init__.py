"""Quantized models: the recipes, and the layers that one may leave out."""
