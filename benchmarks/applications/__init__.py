"""The examples: training, quality, size, latency and cost of each."""
