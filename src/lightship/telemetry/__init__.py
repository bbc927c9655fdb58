"""What every layer may record: logs and metrics."""
