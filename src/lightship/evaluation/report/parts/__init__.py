"""Sections of a report: the content of each part of report.json."""
