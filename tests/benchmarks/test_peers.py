"""What the peers run models with is what Lightship runs them with, and of the same version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import peers

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
SAME = ("ai-edge-litert", "keras", "tensorflow-cpu")


@pytest.mark.parametrize("name", peers.NAMES)
def test_a_peer_has_the_same_engines(name: str) -> None:
    assert _pins(REQUIREMENTS / "peers" / f"{name}.txt") == _pins(REQUIREMENTS / "dev.txt")


@pytest.mark.parametrize("name", peers.NAMES)
def test_the_version_in_the_tables_is_the_one_that_is_installed(name: str) -> None:
    locked = (REQUIREMENTS / "peers" / f"{name}.txt").read_text()
    assert f"\n{name}=={peers.version(name)} " in locked


def _pins(file: Path) -> dict[str, str]:
    found = re.findall(rf"^({'|'.join(SAME)})==(\S+)", file.read_text(), re.MULTILINE)
    assert sorted(name for name, _ in found) == sorted(SAME)
    return dict(found)
