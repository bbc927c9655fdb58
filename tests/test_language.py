"""scripts/language finds what style rules out, and where."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path
from typing import Any

import pytest

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "language"))


@pytest.mark.parametrize(
    "word", ["whoever", "Nobody", "strangers", "is told", "goes on", "shelf", "himself", "pypi" + ".org"]
)
def test_words_of_list_are_found_by_line(word: str) -> None:
    assert [line for line, _ in SCRIPT["words"](f"The server answers.\nHere {word} waits.\n")] == [2]


@pytest.mark.parametrize("text", ["The dead letters of a queue", "category", "the header", "stands for any size"])
def test_words_in_technical_use_are_not_found(text: str) -> None:
    assert not list(SCRIPT["words"](text))


@pytest.mark.parametrize(
    "source",
    ["def told() -> None: ...", "known = 1", "class Shelf: ...", "def f(places): ...", "def test_a_file(): ..."],
)
def test_names_of_list_are_found(source: str) -> None:
    assert [line for line, _ in SCRIPT["names"](ast.parse(source))] == [1]


def test_summary_over_80_characters_is_found() -> None:
    source = f'def short():\n    """Return it."""\n\ndef long():\n    """Return {"x" * 80}."""\n'
    assert [line for line, _ in SCRIPT["summaries"](ast.parse(source))] == [4]
