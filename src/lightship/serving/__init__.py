"""The models of a registry: routing, loading, cache, batching and shadow traffic."""
