"""AWS emulated by moto: one HTTP server in a thread of this process.

Tests may read its memory too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import httpx
import pytest
from moto.server import ThreadedMotoServer

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


@cache
def endpoint() -> str:
    """Return the server's URL; the first call starts it. It ends with this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise it logs every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


@contextmanager
def emulated_aws() -> Iterator[str]:
    """Remove all of the server's resources, and set its address in the environment.

    Yields its URL. Must not be nested, nor used while another fixture of a test has resources of the server.
    """
    httpx.post(f"{endpoint()}/moto-api/reset", trust_env=False).raise_for_status()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint()}.items():
            patch.setenv(name, value)
        yield endpoint()
