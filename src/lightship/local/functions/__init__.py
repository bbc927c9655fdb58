"""Lambda functions on this machine: processes, invocations, queue polling and logs."""
