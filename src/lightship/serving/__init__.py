"""Many models behind one door: loading, versions, and where they run."""
