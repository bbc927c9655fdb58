"""What model.yaml says: settings, named files, and originals with its inputs."""
