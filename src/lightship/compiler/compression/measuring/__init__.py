"""Figures of a variant: latencies, differences from recordings, metrics."""
