"""What the peers run models with is what Lightship runs them with, and of the same version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import peers

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
KERAS = ("keras", "tensorflow-cpu")
SAME = {**dict.fromkeys(peers.NAMES, ("ai-edge-litert", *KERAS)), "pandas": KERAS}


@pytest.mark.parametrize("name", SAME)
def test_a_peer_has_the_same_engines(name: str) -> None:
    locked, ours = REQUIREMENTS / "peers" / f"{name}.txt", REQUIREMENTS / "dev.txt"
    assert _pins(locked, SAME[name]) == _pins(ours, SAME[name])


@pytest.mark.parametrize("name", SAME)
def test_the_version_in_the_tables_is_the_one_that_is_installed(name: str) -> None:
    locked = (REQUIREMENTS / "peers" / f"{name}.txt").read_text()
    assert f"\n{name}=={peers.version(name)} " in locked


def _pins(file: Path, wanted: tuple[str, ...]) -> dict[str, str]:
    found = re.findall(rf"^({'|'.join(wanted)})==(\S+)", file.read_text(), re.MULTILINE)
    assert sorted(name for name, _ in found) == sorted(wanted)
    return dict(found)
