"""What commands print: text and progress on a terminal, errors and exit codes."""
