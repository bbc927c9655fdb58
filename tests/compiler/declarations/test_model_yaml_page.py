"""Examples and options of docs/model-yaml.md, compared with the code."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from lightship import inputs
from lightship.compiler.declarations import plain_yaml
from lightship.compiler.declarations.config import Config
from lightship.inputs.kinds import KINDS
from lightship.inputs.tabular.columns import TYPES, class_of
from lightship.inputs.tabular.columns.date import FEATURES
from tests.emulator import ROOT

PAGE = (ROOT / "docs" / "model-yaml.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_of_page_is_valid(example: str) -> None:
    config = Config.parse(plain_yaml.load(example.encode()))
    assert config.inputs or config.outputs


def test_page_has_section_for_each_kind_of_input() -> None:
    sections = re.findall(r"^## inputs: kind (\w+)$", PAGE, re.MULTILINE)
    assert sections == inputs.configurable()
    assert set(sections) <= set(KINDS)


def test_page_lists_options_of_each_kind() -> None:
    for kind in inputs.configurable():
        section = PAGE.split(f"## inputs: kind {kind}\n")[1].split("\n## ")[0].split("\n### ")[0]
        documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        assert documented == ["kind", *(import_module(KINDS[kind]).KIND.options)]


def test_page_lists_types_of_columns_with_options() -> None:
    section = PAGE.split("### Types of columns\n\n")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\|([^|]*)\|$", section, re.MULTILINE))
    assert list(rows) == list(TYPES)
    for name, options in rows.items():
        documented = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", options))
        assert documented == list(class_of(name).options)


def test_page_lists_features_of_dates() -> None:
    section = PAGE.split("| feature | number |\n")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in section.splitlines()[1:]]
    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == set(FEATURES)
