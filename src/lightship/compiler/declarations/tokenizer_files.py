"""Tokenizer files of model.yaml: opened, and tried with long texts.

They are opened in the sandboxed child only. They are tried because a tokenizer.json may hold regular expressions that
take very long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from lightship.compiler import limits
from lightship.compiler.hints import Hint
from lightship.errors import CompileError, SourceRefused
from lightship.inputs.text import FILES, Text
from lightship.preprocessing.tokenizers import Tokenizer, Window, load
from lightship.tensors import TensorSpec

# Repeated to the longest text, so that a slow rule takes its time now and not in a request.
_TRIALS = ("a", "a ", " ", "0", "aA", "!", "\n", "\u6771", "\u0301", "\U0001f6a2", "'s")
_LAST = "\x7f"  # so that an expression for the text's end does not match at once


@dataclass(frozen=True)
class Entry:
    """An entry of model.yaml for the tensor of token ids, with its options.

    ``hint`` is the original's about the tensor, ``path`` begins messages.
    """

    spec: TensorSpec
    options: Mapping[str, Any]
    hint: Hint | None = None

    @property
    def path(self) -> str:
        """Return the entry's name for a message."""
        return f"model.yaml: inputs.{self.spec.name}"


class Opened(NamedTuple):
    """A tokenizer that was opened and tried.

    Attributes:
        form: the form of its file, a key of :data:`lightship.preprocessing.tokenizers.FORMS`.
        tokenizer: with the window.
        window: the limits of a row.
        pad: id of the token that pads rows.
    """

    form: str
    tokenizer: Tokenizer
    window: Window
    pad: int


def opened(data: bytes, kind: Text, entry: Entry) -> Opened:
    """Open and try the file of an entry of the kind text.

    Raises CompileError, SourceRefused or MissingExtra. A file that takes too long ends the process.
    """
    form = FILES[PurePosixPath(kind.tokenizer).suffix.lower()]
    with limits.opening():
        tokenizer, window = _open(form, data, kind, entry)
        pad = _pad(tokenizer, entry)
        _check_ids(max(tokenizer.size, pad + 1), entry)
        _try(tokenizer, kind)
    return Opened(form, tokenizer, window, pad)


def _open(form: str, data: bytes, kind: Text, entry: Entry) -> tuple[Tokenizer, Window]:
    keep = "end" if entry.options.get("truncation") == "start" else "start"
    window = Window(kind.length, keep, entry.options.get("lower"))
    try:
        tokenizer = load(form, data, window)
        if form == "json":
            _check_no_tokens(entry)
            return tokenizer, window
        window = replace(window, begin=_added("begin", tokenizer, entry), end=_added("end", tokenizer, entry))
        return load(form, data, window), window
    except ValueError as error:
        raise _refused(kind, error) from None


def _refused(kind: Text, error: ValueError) -> SourceRefused:
    detail = repr(error.__cause__) if error.__cause__ else ""
    return SourceRefused(f"the tokenizer file {kind.tokenizer} {error}", detail=detail)


def _check_no_tokens(entry: Entry) -> None:
    if given := [side for side in ("begin", "end") if side in entry.options]:
        raise CompileError(f"{entry.path}.{given[0]}: a tokenizer.json defines itself which tokens are added")


def _added(side: str, tokenizer: Tokenizer, entry: Entry) -> int | None:
    """Return the id of the token that is added at a side of a text, or None."""
    default = {"begin": "[CLS]", "end": "[SEP]"}[side]
    if side in entry.options:
        return None if entry.options[side] is None else _id(side, tokenizer, entry)
    return tokenizer.id_of(default)


def _pad(tokenizer: Tokenizer, entry: Entry) -> int:
    if "pad" in entry.options:
        return _id("pad", tokenizer, entry)
    found = tokenizer.pad()
    if found is None:
        raise CompileError(f"{entry.path}: the tokenizer has no token for padding: give pad, a token or its id")
    return found


def _id(option: str, tokenizer: Tokenizer, entry: Entry) -> int:
    value = entry.options[option]
    found = tokenizer.id_of(value) if isinstance(value, str) else int(value)
    if found is None:
        raise CompileError(f"{entry.path}.{option}: the tokenizer has no token {value!r:.100}")
    return found


def _check_ids(count: int, entry: Entry) -> None:
    """Raise CompileError where the model has no room for the ids below ``count``."""
    spec = entry.spec
    if spec.numpy.kind in "iu" and count - 1 > np.iinfo(spec.numpy).max:
        raise CompileError(f"{entry.path}: the tokenizer has ids up to {count - 1}, and the tensor is {spec}")
    if entry.hint and entry.hint.below is not None and count > entry.hint.below:
        raise CompileError(
            f"{entry.path}: the tokenizer has {count} tokens and the model's embedding {entry.hint.below} rows: give "
            "the tokenizer with which the model was trained"
        )


def _try(tokenizer: Tokenizer, kind: Text) -> None:
    """Split long texts; raises SourceRefused for a tokenizer that cannot."""
    try:
        for each in ("", *_TRIALS):
            text = (each * kind.max_bytes).encode()[: kind.max_bytes - 1].decode(errors="ignore")
            tokens = tokenizer.encode(text + _LAST)
            if len(tokens.ids) > kind.length or max(tokens.ids, default=0) >= tokenizer.size:
                raise ValueError("returns more tokens than its length, or tokens that it does not list")
    except ValueError as error:
        raise _refused(kind, error) from None
