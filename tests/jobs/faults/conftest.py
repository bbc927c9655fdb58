"""One moto for all runs of a module, and the job that they disturb."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bundles import Registries
from tests.jobs.clouds import SETTINGS
from tests.jobs.faults.cloud import Stage, stage
from tests.jobs.faults.play import furnish


@pytest.fixture(scope="module")
def theatre(registries: Registries) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with stage(registries.examples) as found:
            furnish(found)
            yield found
