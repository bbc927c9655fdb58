"""The SAM template, evaluated for this machine."""
