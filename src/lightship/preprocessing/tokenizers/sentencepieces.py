"""SentencePiece's ``.model`` files: Unigram, BPE, words or characters.

The file defines normalisation. Texts get no tokens at their beginning or end unless the window has them.
"""

from __future__ import annotations

from collections.abc import Sequence

import sentencepiece

from lightship.preprocessing.tokenizers.base import Tokens, Window, first_of, refused

_SPACE = "\u2581"


class SentencePiece:
    """The tokenizer of a SentencePiece model."""

    def __init__(self, data: bytes, window: Window) -> None:
        self._pieces = sentencepiece.SentencePieceProcessor(model_proto=data)
        self._window = window
        self.size: int = self._pieces.get_piece_size()

    def encode(self, text: str) -> Tokens:
        """See :class:`Tokenizer` in :mod:`.base`."""
        with refused("cannot split this text"):
            ids = self._pieces.encode(text.lower() if self._window.lower else text, out_type=int)
        return self._window.fit(ids)

    def id_of(self, token: str) -> int | None:
        """See :class:`Tokenizer` in :mod:`.base`."""
        number: int = self._pieces.piece_to_id(token)  # that of the unknown token where there is none
        return number if self._pieces.id_to_piece(number) == token else None

    def pad(self) -> int | None:
        """See :class:`Tokenizer` in :mod:`.base`."""
        number: int = self._pieces.pad_id()
        return number if number >= 0 else first_of(self.id_of, ("<pad>", "[PAD]"))

    def words(self) -> Sequence[str]:
        """See :class:`Tokenizer` in :mod:`.base`."""
        pieces = (self._pieces.id_to_piece(number) for number in range(self.size))
        return [piece[1:] for piece in pieces if piece.startswith(_SPACE) and piece[1:].isprintable() and piece[1:]]


def load(data: bytes, window: Window) -> SentencePiece:
    """Return the tokenizer of a file.

    See :func:`lightship.preprocessing.tokenizers.load`.
    """
    if not data:
        raise ValueError("is empty")
    with refused("is not a SentencePiece model"):
        found = SentencePiece(data, window)
        found.encode("a")
    if not found.size:
        raise ValueError("has no tokens")
    return found
