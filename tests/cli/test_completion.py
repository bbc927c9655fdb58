"""Shell completion, requested by the variable that click's shell scripts set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lightship.registry.registry import Registry
from lightship.registry.state import Routing
from tests.bundles import Registries, republish


@pytest.fixture(scope="module")
def registry(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = Registry(str(tmp_path_factory.mktemp("completion")))
    for name in ("pair", "modes", "modes", "modes", "more"):
        republish(registry, registries.small / ("pair" if name == "pair" else "modes") / "1", name)
    registry.change("modes", lambda state: state.withdraw(2).reroute(Routing(labels={"canary": 3})))
    return registry


def offered(registry: str, *words: str, **variables: str) -> list[str]:
    """Return bash's completions of the last word."""
    line = ["lightship", *words]
    request = {
        "_LIGHTSHIP_COMPLETE": "bash_complete",
        "COMP_WORDS": "\n".join(line) if not line[-1] else " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
        "LIGHTSHIP_REGISTRY": registry,
    }
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'lightship'; from lightship.__main__ import main; main()"],
        env=os.environ | request | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [word.partition(",")[2] for word in done.stdout.splitlines() if word]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("predict", ""), ["modes", "more", "pair"]),
        (("predict", "mo"), ["modes", "more"]),
        (("show", "modes"), ["modes", "modes@1", "modes@2", "modes@3"]),
        (("batch", "pa"), ["pair", "pair@1"]),
        (("serve", "--default", "mor"), ["more"]),
        (("label", "mod"), ["modes"]),
        (("label", "modes", ""), ["canary", "production"]),
        (("label", "modes", "production", ""), ["3", "1"]),
        (("withdraw", "modes", ""), ["3", "1"]),
        (("traffic", "modes", ""), ["1=", "3="]),
        (("rollback", "modes", "--to", ""), ["2", "1"]),
        (("label", "unknown", ""), ["production"]),
    ],
    ids=" ".join,
)
def test_completion_offers_contents_of_registry(
    registry: Registry, words: tuple[str, ...], expected: list[str]
) -> None:
    assert offered(registry.location, *words) == expected


def test_completion_registry_option_is_read(registry: Registry, tmp_path: Path) -> None:
    assert offered(str(tmp_path), "show", "--registry", registry.location, "p") == ["pair", "pair@1"]


@pytest.mark.parametrize("location", ["/nowhere", "s3://bucket/models", "ftp://bucket"])
def test_completion_without_registry_offers_nothing(location: str) -> None:
    unreachable = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    assert offered(location, "show", "", **unreachable) == []
