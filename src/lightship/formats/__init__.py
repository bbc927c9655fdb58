"""Files of rows: how each format is read and written."""
