"""Documents of the example "answers": passages, and what is left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from examples.answers.documents import LENGTH, UnusableDocument, sentences, split, split_folder
from tests.examples.answers.conftest import BOATS, BREAD


def test_split_markdown_keeps_sections_anchors_and_code_as_text() -> None:
    passages = split("boats.md", BOATS)
    assert [(passage.page, passage.section, passage.anchor) for passage in passages] == [
        ("Boats", "Mooring", "mooring"),
        ("Boats", "Engine", "engine"),
    ]
    assert passages[1].text.endswith("<script>alert(1)</script>")


def test_split_html_drops_scripts_and_navigation_and_keeps_text() -> None:
    (passage,) = split("bread.html", BREAD)
    assert (passage.page, passage.anchor) == ("Bread", "top")
    assert "alert(2)" not in passage.text
    assert "<img src=x onerror=alert(3)> is shown as text." in passage.text


def test_split_long_paragraph_makes_passages_of_limited_length() -> None:
    text = " ".join(f"Sentence {n} is about mooring a small boat." for n in range(100))
    passages = split("long.txt", text)
    assert len(passages) > 4
    assert all(len(passage.text.split()) <= LENGTH for passage in passages)
    assert " ".join(passage.text.replace("\n", " ") for passage in passages) == text


def test_split_table_header_ends_with_colon() -> None:
    assert split("a.md", "| a | b |\n|---|---|\n| 1 | 2 |\n")[0].text == "a | b:\n1 | 2"


def test_split_repeated_heading_numbers_anchors_as_github() -> None:
    passages = split("a.md", "# A\n\n## B\n\none\n\n## B\n\ntwo\n")
    assert [passage.anchor for passage in passages] == ["b", "b-1"]


def test_split_deeply_nested_html_takes_linear_time() -> None:
    text = "<div>" * 50_000 + "found" + "</b>" * 50_000
    assert split("deep.html", text)[0].text == "found"


@pytest.mark.parametrize("markup", ["<!--", "<!-- >", "<a", "</a"])
def test_split_unclosed_markup_takes_linear_time(markup: str) -> None:
    (passage,) = split("a.html", "<p>before</p>" + markup * 50_000)
    assert passage.text == "before"


def test_split_unknown_section_of_html_raises_unusable_document() -> None:
    with pytest.raises(UnusableDocument, match="HTML"):
        split("a.html", "<![name [ text ]]>")


def test_sentences_of_prose_and_rows_are_separate() -> None:
    text = "name | value:\nOne is 1.5 m. Two ends here!\na | row"
    assert [text[start:end] for start, end in sentences(text)] == ["One is 1.5 m.", "Two ends here!", "a | row"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.md", b"", "empty"),
        ("blank.txt", b" \n \n", "empty"),
        ("latin.txt", "Käse".encode("latin-1"), "UTF-8"),
        ("utf16.md", "Text".encode("utf-16"), "UTF-8"),
        ("picture.txt", b"a\0b", "zero bytes"),
        ("huge.txt", b"word " * 500_000, "bytes"),
        ("script.html", b"<script>only()</script>", "empty"),
    ],
)
def test_folder_with_unusable_document_is_read_without_document(
    folder: Path, name: str, content: bytes, reason: str
) -> None:
    (folder / name).write_bytes(content)
    reports: list[str] = []
    passages = split_folder(folder, report=reports.append)
    assert {passage.source for passage in passages} == {"boats.md", "bread.html"}
    assert len(reports) == 1
    assert name in reports[0]
    assert reason in reports[0]


def test_folder_with_latin1_name_is_read_without_document(folder: Path) -> None:
    (folder / os.fsdecode(b"k\xe4se.txt")).write_text("Cheese is made of milk.")
    reports: list[str] = []
    assert {passage.source for passage in split_folder(folder, report=reports.append)} == {"boats.md", "bread.html"}
    assert len(reports) == 1
    assert "UTF-8" in reports[0]


def test_folder_with_links_is_read_without_links(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("password")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "more.txt").write_text("password")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "below").symlink_to(tmp_path / "other")
    (folder / "named.txt").mkdir()
    reports: list[str] = []
    assert not [passage for passage in split_folder(folder, report=reports.append) if "password" in passage.text]
    assert len(reports) >= 3
