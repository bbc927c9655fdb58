"""Local Lambda functions: processes, invocations, queue polling and logs."""
