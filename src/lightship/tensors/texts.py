"""Checks of arrays of texts: UTF-8, and a limit for each text."""

from __future__ import annotations

from lightship.errors import InvalidInput
from lightship.tensors.specs import Array


def check_texts(array: Array, name: str, max_bytes: int) -> None:
    """Raise InvalidInput for a text that is too long or not UTF-8.

    The message has the input's ``name`` and the row, from 1.
    """
    for row, text in enumerate(array.ravel().tolist(), start=1):
        if len(text) > max_bytes:
            raise InvalidInput(
                f"input '{name}', row {row}: the text has {len(text):,} bytes, at most {max_bytes:,} are accepted"
            )
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"input '{name}', row {row}: the text is not UTF-8 at byte {error.start}") from None
