"""HTML of a report: elements, tables, figures, and values as texts."""
