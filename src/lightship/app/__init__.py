"""The application: an ASGI shell that answers every protocol's routes, with FastAPI behind it for everything else."""
