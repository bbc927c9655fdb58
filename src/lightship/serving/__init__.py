"""Serving of a registry's models: routing, loading, caching, batching, shadows."""
