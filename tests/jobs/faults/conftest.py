"""One harness for all runs of a module, with the inputs of its jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bundles import Registries
from tests.jobs.clouds import SETTINGS
from tests.jobs.faults.cloud import Harness, open_harness
from tests.jobs.faults.scenario import upload_inputs


@pytest.fixture(scope="module")
def harness(registries: Registries) -> Iterator[Harness]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with open_harness(registries.examples) as found:
            upload_inputs(found)
            yield found
