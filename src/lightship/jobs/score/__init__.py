"""Score a chunk."""
