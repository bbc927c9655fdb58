"""BERT's WordPiece: ``vocab.txt`` with one token per line, whose number is its id.

Rules of BERT's tokenization.py: control characters are removed, accents with lower-casing; words are split at spaces,
punctuation and CJK characters, then into the longest known pieces.
"""

from __future__ import annotations

from collections.abc import Sequence

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from lightship.preprocessing.tokenizers.base import Tokens, Window, first_of, refused

UNKNOWN = "[UNK]"
PREFIX = "##"  # of a piece that continues a word


class WordPiece:
    """The tokenizer of a vocab.txt."""

    def __init__(self, vocabulary: dict[str, int], window: Window) -> None:
        self.size = max(vocabulary.values()) + 1
        self._vocabulary = vocabulary
        self._window = window
        with refused("cannot be used"):
            self._tokenizer = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
            lower = is_lower(vocabulary) if window.lower is None else window.lower
            self._tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
            self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    def encode(self, text: str) -> Tokens:
        """See :class:`Tokenizer` in :mod:`.base`."""
        with refused("cannot split this text"):
            ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return self._window.fit(ids)

    def id_of(self, token: str) -> int | None:
        """See :class:`Tokenizer` in :mod:`.base`."""
        return self._vocabulary.get(token)

    def pad(self) -> int | None:
        """See :class:`Tokenizer` in :mod:`.base`."""
        return first_of(self.id_of, ("[PAD]",))

    def words(self) -> Sequence[str]:
        """See :class:`Tokenizer` in :mod:`.base`."""
        return [token for token in self._vocabulary if not token.startswith((PREFIX, "["))]


def load(data: bytes, window: Window) -> WordPiece:
    """Return the tokenizer of a vocab.txt.

    See :func:`lightship.preprocessing.tokenizers.load`.
    """
    try:
        lines = data.removeprefix(b"\xef\xbb\xbf").decode().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 at byte {error.start}") from None
    tokens = [line.rstrip("\r") for line in (lines if lines[-1] else lines[:-1])]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    if UNKNOWN not in vocabulary:
        raise ValueError(f"has no token {UNKNOWN}: give the vocab.txt of a WordPiece tokenizer, one token per line")
    return WordPiece(vocabulary, window)


def is_lower(vocabulary: Sequence[str] | dict[str, int]) -> bool:
    """Return whether no token has an upper-case letter; ``[…]`` tokens do not count."""
    return not any(token.lower() != token for token in vocabulary if not token.startswith("["))
