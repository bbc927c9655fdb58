"""What a server and a function tell of the requests that they answered: an access log, and metrics."""
