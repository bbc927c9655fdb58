"""Commands in the README and docs/ are run, and their output is compared.

A ``json`` or ``csv`` block after a command is its expected output. Floats are compared approximately, because trained
weights differ between machines. ``tests/docker/test_pages.py`` runs the
``sh docker`` blocks. ``sh aws`` blocks cannot be run, and their page must say so. ``sh suite`` blocks run these tests.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundles import Registries
from tests.commands import check, reader_environment, serving
from tests.emulator import ROOT
from tests.pages import EXAMPLES, PAGES, Block, anchors, blocks

_LINK = re.compile(r"\]\(([^):#]*)(?:#([^)]*))?\)")
_KINDS = {"", "docker", "aws", "suite"}

ALL = [block for page in PAGES if page not in EXAMPLES for block in blocks(page)]  # tests/examples runs the others
START = "make run\n"


@pytest.fixture(scope="module")
def environment(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment with a copy of the registry, which commands may change."""
    return reader_environment(registries, tmp_path_factory.mktemp("reader") / "models")


@pytest.fixture(scope="module")
def served(environment: dict[str, str]) -> Iterator[None]:
    """Run the README's first command in the background."""
    with serving(["make", "run"], environment):
        yield


@pytest.mark.parametrize("block", [block for block in ALL if not block.kind and block.script != START], ids=str)
def test_documentation_command_gives_documented_output(block: Block, served: None, environment: dict[str, str]) -> None:
    check(block, environment)


def test_readme_first_block_is_make_run() -> None:
    assert ALL[0].page == "README.md"
    assert ALL[0].script == START


def test_readme_commands_use_port_of_make_run() -> None:
    script = "".join(block.script for block in ALL if block.page == "README.md" and not block.kind)
    script = script.replace("$((${PORT:-8000} + 1))", "AWS").replace("${PORT:-8000}", "API")
    assert set(re.findall(r"(?:localhost|127\.0\.0\.1):(\w+)", script)) == {"API", "AWS"}
    environment = os.environ | {"PORT": "8100"}
    made = subprocess.run(["make", "-n", "run"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "lightship up --port 8100" in made.stdout


def test_make_run_allows_transforms_of_environment() -> None:
    environment = os.environ | {"LIGHTSHIP_TRANSFORMS": "bmi, dates"}
    made = subprocess.run(["make", "-n", "run"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    (line,) = (line for line in made.stdout.splitlines() if "lightship up" in line)
    words = shlex.split(line)
    assert words[words.index("--transforms") + 1] == "euros,faces,bmi, dates"


def test_documentation_blocks_have_valid_kinds() -> None:
    assert {block.kind for block in ALL} <= _KINDS
    for block in ALL:
        if block.kind == "aws":
            assert "not been run on AWS" in (ROOT / block.page).read_text().replace("\n", " ").replace("**", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_links_lead_to_files_and_headings(page: Path) -> None:
    for path, anchor in _LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{path}#{anchor}"


def test_index_links_to_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / path).resolve() for path, _ in _LINK.findall(index.read_text())}
    others = {index, *(ROOT / "docs" / "protocols").glob("*.md"), *EXAMPLES}
    assert {page for page in PAGES if page.parent != ROOT} - others <= linked


def test_gallery_links_to_every_example() -> None:
    gallery = ROOT / "docs" / "examples.md"
    linked = {(gallery.parent / path).resolve() for path, _ in _LINK.findall(gallery.read_text())}
    assert set(EXAMPLES) <= linked


def test_command_line_page_equals_help() -> None:
    made = subprocess.run(
        [sys.executable, "scripts/command-line-page"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (ROOT / "docs" / "command-line.md").read_text() == made.stdout, "run `make docs`"
