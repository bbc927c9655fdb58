"""Interface of a tokenizer, and the limits of a row of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Tokens(NamedTuple):
    """Tokens of one text: ids, and the type of each token's segment."""

    ids: Sequence[int]
    types: Sequence[int]


@dataclass(frozen=True)
class Window:
    """Limits of a row of tokens.

    Attributes:
        length: the most tokens of a row, with those that are added.
        keep: ``start`` cuts the end of a long text, ``end`` its start.
        lower: whether texts are made lower-case; None where the file says so.
        begin, end: ids of tokens that are added to each text; None adds none.
    """

    length: int
    keep: str = "start"
    lower: bool | None = None
    begin: int | None = None
    end: int | None = None

    def fit(self, ids: list[int]) -> Tokens:
        """Return a text's token ids within the length, with the added tokens."""
        before, after = ([] if token is None else [token] for token in (self.begin, self.end))
        count = max(0, self.length - len(before) - len(after))
        kept = ids[:count] if self.keep == "start" else ids[max(0, len(ids) - count) :]
        row = [*before, *kept, *after][: self.length]
        return Tokens(row, [0] * len(row))


class Tokenizer(Protocol):
    """A vocabulary with the rules that split a text into its tokens; thread-safe.

    Attributes:
        size: the number of ids: the largest one plus 1.
    """

    size: int

    def encode(self, text: str) -> Tokens:
        """Return the tokens of a text."""
        ...

    def id_of(self, token: str) -> int | None:
        """Return a token's id; None where the vocabulary lacks it."""
        ...

    def pad(self) -> int | None:
        """Return the id of the token that pads rows; None where the file has none."""
        ...

    def words(self) -> Sequence[str]:
        """Return tokens that begin a word, for samples."""
        ...


@contextmanager
def refused(message: str) -> Iterator[None]:
    """Raise ValueError for any error of a tokenizer's library.

    Libraries in Rust raise panics, which are not subclasses of Exception.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise ValueError(message) from error


def first_of(id_of: Callable[[str], int | None], names: Sequence[str]) -> int | None:
    """Return the id of the first of these tokens in a vocabulary, or None."""
    return next((found for name in names if (found := id_of(name)) is not None), None)
