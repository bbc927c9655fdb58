"""Tokenizers: files of vocabularies as functions from a text to token ids.

A form is one module with a function ``load(data, window) -> Tokenizer``. They run packages of the extra ``text``,
which are imported when the first model needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from lightship.extras import missing_extra
from lightship.preprocessing.tokenizers.base import Tokenizer, Window

__all__ = ["FORMS", "Tokenizer", "Window", "load"]

# Modules by the form of the file.
FORMS: Mapping[str, str] = {
    "wordpiece": "lightship.preprocessing.tokenizers.wordpiece",
    "json": "lightship.preprocessing.tokenizers.tokenizer_json",
    "sentencepiece": "lightship.preprocessing.tokenizers.sentencepieces",
}


def load(form: str, data: bytes, window: Window) -> Tokenizer:
    """Return the tokenizer in a file.

    Raises ValueError with the end of a sentence about the file, or MissingExtra.
    """
    try:
        tokenizer: Tokenizer = import_module(FORMS[form]).load(data, window)
    except ModuleNotFoundError:
        raise missing_extra("text", "this model's tokenizer") from None
    return tokenizer
