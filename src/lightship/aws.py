"""The only door to boto3: clients with patient, adaptive retries. Imported by those who really go to AWS."""

from __future__ import annotations

from typing import Any

from lightship.errors import RegistryError


def client(service: str, *, attempts: int = 6) -> Any:
    """A boto3 client from the environment's credentials, region and endpoint; raises RegistryError without boto3.

    ``attempts`` is how often a call is tried in all: few where somebody waits for the answer.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise RegistryError("s3:// needs boto3, which is not installed here: pip install 'lightship[s3]'") from None
    make: Any = boto3.client  # typed for each service by its literal name
    return make(service, config=Config(connect_timeout=3, retries={"mode": "adaptive", "total_max_attempts": attempts}))
