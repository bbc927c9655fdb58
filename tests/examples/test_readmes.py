"""README of each example: its commands give what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bundles import Registries
from tests.commands import check, reader_environment, serving
from tests.pages import EXAMPLES, blocks


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.parent.name)
def test_example_commands_give_documented_output(page: Path, registries: Registries, tmp_path: Path) -> None:
    first, *others = blocks(page)
    command = ["make", "example", f"NAME={page.parent.name}"]
    assert first.script.split() == command
    environment = reader_environment(registries, tmp_path / "models")
    environment["ANSWERS_INDEX"] = str(tmp_path / "index.npz")  # of the version in this registry
    with serving(command, environment):
        for block in others:
            check(block, environment)
