"""``tokenizer.json`` of the package tokenizers: WordPiece, BPE, Unigram or words.

The file defines normalisation, splitting, and the tokens that are added to a text. Its padding and truncation are
replaced by those of the window.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import tokenizers

from lightship.preprocessing.tokenizers.base import Tokens, Window, first_of, refused

_PADS = ("[PAD]", "<pad>", "<PAD>", "<|pad|>")
_WORD_MARKS = "\u2581\u0120"  # SentencePiece's space, and GPT-2's


class TokenizerJson:
    """The tokenizer of a tokenizer.json."""

    def __init__(self, tokenizer: Any, window: Window) -> None:
        self._tokenizer = tokenizer
        self._declared: Any = tokenizer.padding
        tokenizer.no_padding()
        tokenizer.enable_truncation(window.length, direction="right" if window.keep == "start" else "left")
        self._vocabulary: dict[str, int] = tokenizer.get_vocab()
        self.size = max(self._vocabulary.values(), default=-1) + 1

    def encode(self, text: str) -> Tokens:
        """See :class:`Tokenizer` in :mod:`.base`."""
        with refused("cannot split this text"):
            encoding = self._tokenizer.encode(text)
            return Tokens(encoding.ids, encoding.type_ids)

    def id_of(self, token: str) -> int | None:
        """See :class:`Tokenizer` in :mod:`.base`."""
        return self._vocabulary.get(token)

    def pad(self) -> int | None:
        """See :class:`Tokenizer` in :mod:`.base`."""
        return self._declared["pad_id"] if self._declared else first_of(self.id_of, _PADS)

    def words(self) -> Sequence[str]:
        """See :class:`Tokenizer` in :mod:`.base`."""
        words = (token.lstrip(_WORD_MARKS) for token in self._vocabulary if token[:1] not in "[<#")
        return sorted({word for word in words if word.isprintable()} - {""})


def load(data: bytes, window: Window) -> TokenizerJson:
    """Return the tokenizer of a file.

    See :func:`lightship.preprocessing.tokenizers.load`.
    """
    if window.lower is not None:
        raise ValueError("defines lower-casing itself: leave out lower")
    with refused("is not a tokenizer.json that the installed version of tokenizers can read"):
        _check_model(data)
        tokenizer = TokenizerJson(tokenizers.Tokenizer.from_str(data.decode()), window)
    if not tokenizer.size:
        raise ValueError("has no tokens")
    return tokenizer


def _check_model(data: bytes) -> None:
    """Raise ValueError for a model that drops tokens at random: BPE's dropout."""
    model = json.loads(data)["model"]
    if model.get("dropout"):
        raise ValueError
