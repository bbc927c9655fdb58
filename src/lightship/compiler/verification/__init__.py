"""Compare a compiled model with the original: inputs, recordings, parity and latency."""
