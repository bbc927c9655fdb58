"""A registry in S3 and its store. Files of tests may have fixtures of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.registry.registry import Registry
from lightship.settings import CacheSettings
from lightship.stores.s3 import S3Store
from tests.bundles import Registries
from tests.http_servers import running
from tests.stores.indexes import Faulty, opened


@pytest.fixture
def bundle(registries: Registries) -> Path:
    return registries.small / "modes" / "1"


@pytest.fixture
def registry(s3_registry: str) -> Registry:
    return opened(s3_registry)


@pytest.fixture
def store(s3_registry: str) -> S3Store:
    return S3Store(s3_registry.removeprefix("s3://"), cache=CacheSettings.from_environment())


@pytest.fixture
def faulty(bucket: str, s3_endpoint: str) -> Iterator[Faulty]:
    with running(Faulty(s3_endpoint)) as proxy:
        yield proxy
