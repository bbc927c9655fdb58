"""Part ``jobs``: data files that become scored ones, beside pandas and beside what the libraries take alone."""
