"""Checks of arrays of texts: UTF-8, and a limit for each text."""

from __future__ import annotations

from lightship.errors import InvalidInput
from lightship.tensors.specs import Array


def check_texts(array: Array, name: str, max_bytes: int) -> None:
    """Raise InvalidInput, with the row, for a text that is too long or not UTF-8.

    ``array`` is of strings [rows], ``name`` is the input's.
    """
    for row, text in enumerate(array.ravel().tolist()):
        if len(text) > max_bytes:
            reason = f"the text has {len(text):,} bytes, at most {max_bytes:,} are accepted"
            raise InvalidInput(reason, input=name, row=row)
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"the text is not UTF-8 at byte {error.start}", input=name, row=row) from None
