"""A cloud for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.jobs.cloud import Cloud
from lightship.jobs.score import score
from tests.bundles import Registries
from tests.jobs.clouds import moto_cloud, push
from tests.jobs.http_client import Client, app_of, client
from tests.jobs.scoring import CELLS, COLUMNS, as_csv, probabilities, scored


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("LIGHTSHIP_CACHE", str(tmp_path_factory.getbasetemp() / "jobs-models"))
    score.load.cache_clear()


@pytest.fixture
def models(registries: Registries) -> Path:
    return registries.examples


@pytest.fixture
def cloud(registries: Registries) -> Iterator[Cloud]:
    """Yield a cloud with the example model ``quickstart``.

    It has three columns and the classes benign and malignant.
    """
    with moto_cloud(registries.examples, "quickstart") as made:
        yield made


@pytest.fixture
def all_models(registries: Registries) -> Iterator[Cloud]:
    with moto_cloud(registries.examples, "quickstart", "digits") as made:
        push(made.s3, registries.small, *(folder.name for folder in registries.small.iterdir() if folder.is_dir()))
        yield made


@pytest.fixture
def send(registries: Registries, cloud: Cloud) -> Client:
    return client(app_of(registries, cloud))


@pytest.fixture
def expected(all_models: Cloud) -> list[float]:
    _, _, files = scored(all_models, "quickstart", "expected.csv", as_csv([COLUMNS, *CELLS]))
    return probabilities(files["part-00000.csv"])
