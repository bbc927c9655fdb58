"""Part ``jobs``: scoring of data files, compared with pandas and with the bound."""
