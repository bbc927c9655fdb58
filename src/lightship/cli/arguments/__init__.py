"""Options and arguments shared by several commands, and their shell completion."""
