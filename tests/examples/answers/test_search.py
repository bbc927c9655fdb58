"""Answers of the example "answers": marked sentences, doubts and notes."""

from __future__ import annotations

import pytest

from examples.answers.documents import Passage
from examples.answers.index import Collection, Encoder, Index
from examples.answers.search import Search


@pytest.mark.parametrize(
    ("question", "document", "part"),
    [
        ("How do I tie up at the pier?", "boats.md", "Tie the rope to a cleat with two turns."),
        ("When does the motor need new oil?", "boats.md", "The diesel motor needs new oil after 200 hours."),
        ("How long does it take to bake bread?", "bread.html", "Bake the loaf for forty minutes at 220 degrees."),
    ],
)
def test_answer_to_paraphrase_marks_sentence(search: Search, question: str, document: str, part: str) -> None:
    answer = search.answer(question)
    best = answer.sources[0]
    assert answer.answered
    assert best.passage.source == document
    assert best.passage.text[best.start : best.end] == part


def test_answer_to_other_subject_is_unsure(search: Search) -> None:
    answer = search.answer("Who won the football world cup in 1998?")
    assert not answer.answered
    assert answer.sources


def test_answer_explains_words_of_question(search: Search) -> None:
    added = dict(search.answer("When is new oil needed?").words)
    assert list(added) == ["When", "is", "new", "oil", "needed?"]
    assert max(added, key=lambda word: added[word]) == "oil"


def test_answer_to_question_in_other_language_or_too_long_has_note(search: Search) -> None:
    assert "English" in search.answer("Wie lange dauert die Reparatur eines Motors?").notes[0]
    assert "200 words" in search.answer("oil " * 200).notes[0]
    assert search.answer("When does the motor need new oil?").notes == ()


@pytest.mark.parametrize("question", ["?", "the of and", "\x00\x07", "東京", "a" * 2000, "oil\n" * 500, "\U0001f6a2"])
def test_answer_to_unusual_question_has_sources(search: Search, question: str) -> None:
    assert len(search.answer(question).sources) == 2 + 1


def test_answer_from_one_passage_has_one_source(encoder: Encoder) -> None:
    passage = Passage("a.txt", "", "a", "", "Tie the rope to a cleat.")
    index = Index(Collection([passage], ""), encoder([passage.embedded]), encoder.version)
    assert len(Search(index, encoder).answer("rope").sources) == 1
