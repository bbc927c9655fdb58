"""The frozen graph of a signature, and what reads and changes it."""
