"""One harness for all runs of a module, with the inputs of its jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bundles import Registries
from tests.jobs.faults.cloud import Harness, open_harness
from tests.jobs.faults.scenario import upload_inputs


@pytest.fixture(scope="module")
def harness(registries: Registries) -> Iterator[Harness]:
    with open_harness(registries.examples) as found:
        upload_inputs(found)
        yield found
