"""The access log and the metrics of servers and functions."""
