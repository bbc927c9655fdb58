"""Output of commands: text and progress on a terminal, errors and exit codes."""
