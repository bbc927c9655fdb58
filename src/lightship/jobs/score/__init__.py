"""The work of the score queue: scoring chunks and evaluating predictions."""
