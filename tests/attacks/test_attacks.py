"""Upper bounds of a client's cost to a server: memory, processor time, latency."""

from __future__ import annotations

import sys

import pytest

from tests.attacks.attacks import ATTACKS, Attack
from tests.attacks.measure import cost
from tests.bundles import Registries
from tests.emulator import ROOT

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="memory and processor time are read from /proc"),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.run.__name__)
def test_attack_cost_is_within_bounds(registries: Registries, attack: Attack) -> None:
    found = cost(attack, ROOT / "src", registries.examples)
    assert found.megabytes <= attack.megabytes, found
    assert found.cpu <= attack.cpu, found
    assert found.stall <= attack.stall, found
