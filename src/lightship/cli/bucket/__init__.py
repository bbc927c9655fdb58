"""Files of batch jobs on their way into the stack's bucket and out of it."""
