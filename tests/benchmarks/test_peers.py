"""Versions of the engines in other servers, which must equal Lightship's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import peers

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
KERAS = ("keras", "tensorflow-cpu")
SAME = {
    **dict.fromkeys(peers.NAMES, ("ai-edge-litert", *KERAS)),
    "pandas": (*KERAS, "boto3", "botocore", "pillow"),
    "shap": ("lightgbm", "scikit-learn"),
}


@pytest.mark.parametrize("name", SAME)
def test_peer_has_same_engine_versions(name: str) -> None:
    locked, lightship = REQUIREMENTS / "peers" / f"{name}.txt", REQUIREMENTS / "dev.txt"
    assert _pins(locked, SAME[name]) == _pins(lightship, SAME[name])


@pytest.mark.parametrize("name", SAME)
def test_peer_version_in_tables_equals_locked_version(name: str) -> None:
    locked = (REQUIREMENTS / "peers" / f"{name}.txt").read_text()
    assert f"\n{name}=={peers.version(name)} " in locked


def _pins(file: Path, expected: tuple[str, ...]) -> dict[str, str]:
    found = re.findall(rf"^({'|'.join(expected)})==(\S+)", file.read_text(), re.MULTILINE)
    assert sorted(name for name, _ in found) == sorted(expected)
    return dict(found)
