"""Answer a question from an index: find passages, choose a sentence, say why.

A passage's score is the cosine between its embedding and the question's, plus a part for its words: BM25, relative to
the best passage's. Below a cosine of :data:`THRESHOLD` the answer is "I don't know". Both numbers were chosen on
development questions by evaluate.py.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import bm25s
import numpy as np
import snowballstemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS
from numpy.typing import NDArray

from examples.answers.documents import Passage, sentences
from examples.answers.index import Embeddings, Index

WORDS = 0.1  # weight of the best BM25 score beside a cosine
THRESHOLD = 0.4  # cosine of the best passage
SOURCES = 3  # passages in an answer
LONGEST = 2000  # characters of a question
READ = 180  # words of a question that the encoder reads, about 256 tokens
EXPLAINED = 30  # words of a question up to which each is explained
SPANS = 24  # sentences of a passage that are compared with the question

Encode = Callable[[Sequence[str]], Embeddings]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """A passage with the part that answers the question best.

    Attributes:
        passage: the passage.
        start: first character of the part in the passage's text; ``end`` is the one after it.
        cosine: between the embeddings of passage and question.
        terms: words of the question that the passage has, in any form, without common ones.
    """

    passage: Passage
    start: int
    end: int
    cosine: float
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The answer to a question.

    Attributes:
        answered: whether the best passage is close enough to the question.
        sources: the best passages first; also where the answer is not known.
        words: each word of the question with what it adds to the cosine of the first passage.
        notes: sentences about the question that limit the answer.
    """

    answered: bool
    sources: tuple[Source, ...]
    words: tuple[tuple[str, float], ...]
    notes: tuple[str, ...]


class Search:
    """Answers questions from one index.

    Args:
        index: the passages.
        encode: the model that embedded them.
    """

    def __init__(self, index: Index, encode: Encode) -> None:
        self._index, self._encode = index, encode
        found = terms([passage.embedded for passage in index.passages])
        self._terms = [set(words) for words in found]
        self._bm25 = bm25s.BM25()
        self._bm25.index(found, show_progress=False)

    def answer(self, question: str) -> Answer:
        """Return the answer to a question of up to LONGEST characters."""
        embedding = self._encode([question])[0]
        cosines = self.cosines(embedding)
        best = best_of(combined(cosines, self.words(question)), SOURCES)
        words, notes = question.split(), self._notes(question)
        # One call for all of them: each sentence of the best passages, and the question without each of its words.
        spans = [sentences(self._index.passages[n].text)[:SPANS] for n in best]
        texts = [self._index.passages[n].text[a:b] for n, found in zip(best, spans, strict=True) for a, b in found]
        without = [" ".join(words[:n] + words[n + 1 :]) for n in range(len(words) if len(words) <= EXPLAINED else 0)]
        encoded = self._encode(texts + without)
        closeness = list(encoded[: len(texts)] @ embedding)
        asked = [word for word in re.findall(r"\w+", question) if word.lower() not in STOPWORDS_EN_PLUS]
        sources = []
        for n, found in zip(best, spans, strict=True):
            close, closeness = closeness[: len(found)], closeness[len(found) :]
            start, end = found[int(np.argmax(close))]
            shared = tuple(word for word in asked if _stem_word(word.lower()) in self._terms[n])
            sources.append(Source(self._index.passages[n], start, end, float(cosines[n]), shared))
        added = cosines[best[0]] - encoded[len(texts) :] @ self._index.embeddings[best[0]]
        explained = tuple(zip(words, map(float, added), strict=False))
        return Answer(sources[0].cosine >= THRESHOLD, tuple(sources), explained, notes)

    def cosines(self, embedding: Embeddings) -> Scores:
        """Return the cosine of each passage."""
        return self._index.embeddings @ embedding

    def words(self, question: str) -> Scores:
        """Return the BM25 score of each passage."""
        asked = terms([question])[0]
        return self._bm25.get_scores(asked) if asked else np.zeros(len(self._terms), np.float32)

    def _notes(self, question: str) -> tuple[str, ...]:
        asked = [word for word in re.findall(r"\w+", question.lower()) if word not in STOPWORDS_EN_PLUS]
        common = len(re.findall(r"\w+", question)) - len(asked)
        missing = sum(not any(_stem_word(word) in passage for passage in self._terms) for word in asked)
        notes = []
        if missing > common + len(asked) - missing:
            notes.append("most words are neither common in English nor in the documents: the model reads only English")
        if len(question.split()) > READ:
            notes.append(f"the question has {len(question.split())} words: only about the first {READ} are read")
        return tuple(notes)


def combined(cosines: Scores, words: Scores, *, weight: float = WORDS) -> Scores:
    """Return the scores by which passages are ordered."""
    return cosines + weight * words / max(float(words.max()), 1e-9)


def best_of(scores: Scores, count: int) -> list[int]:
    """Return the indices of the highest scores; of equal ones, the first."""
    return [int(n) for n in np.argsort(-scores, kind="stable")[:count]]


def terms(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of each text in their basic form, without common ones."""
    found: list[list[str]] = bm25s.tokenize(
        list(texts), stopwords="en", stemmer=_stem, return_ids=False, show_progress=False
    )
    return found


_ENGLISH = snowballstemmer.stemmer("english")
_stem_word = cache(_ENGLISH.stemWord)


def _stem(words: Sequence[str]) -> list[str]:
    return [_stem_word(word) for word in words]
