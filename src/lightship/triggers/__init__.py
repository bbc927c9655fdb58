"""What starts functions, for those who look after it: queues with their dead letters, and schedules."""
