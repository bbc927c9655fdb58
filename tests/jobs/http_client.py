"""The application in front of a test's cloud, and an HTTP client of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from lightship.app.messages import ASGIApp
from lightship.jobs.cloud import Cloud
from tests.bundles import Registries
from tests.serve import core, fast_path

Client = Callable[..., httpx.Response]

# An upload of the anonymous caller, a job that scores it, and a job id that does not exist.
KEY = "uploads/anonymous/1/p.csv"
JOB = {"model": "quickstart", "key": KEY}
MISSING_ID = "0" * 32


def app_of(registries: Registries, cloud: Cloud | None, token: str | None = None) -> ASGIApp:
    return fast_path(core(registries.examples, token=token, jobs=lambda: cloud))


def client(app: ASGIApp) -> Client:
    async def send(*args: Any, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://lightship") as session:
            return await session.request(*args, **options)

    return lambda *args, **options: asyncio.run(send(*args, **options))
