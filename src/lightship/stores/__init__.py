"""Where a registry keeps its files."""
