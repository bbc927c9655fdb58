"""Tokenizers: texts to tensors of token ids, mask and type ids.

Each operator's inputs are the texts, bytes [rows], and the bytes of the tokenizer file, a constant of uint8. It returns
int32 [rows, tokens] three times: ids, 1 for each token that is no padding, and types. Rows are padded at their end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lightship.errors import EngineError
from lightship.preprocessing.operators.base import Operation, Operator
from lightship.preprocessing.operators.sizes import affordable
from lightship.preprocessing.tokenizers import FORMS, Tokenizer, Window, load
from lightship.preprocessing.tokenizers.base import Tokens
from lightship.tensors import Array
from lightship.tensors.texts import check_texts


@dataclass(frozen=True)
class Rows:
    """Options of rows: names and limits of texts, and how rows become a tensor.

    Attributes:
        input: name of the texts, for messages.
        max_bytes: the most bytes of a text.
        pad: id of the token that pads rows.
        length: tokens of each row; None pads to the longest row.
    """

    input: str
    max_bytes: int
    pad: int
    length: int | None


def tokenize(texts: Array, _file: Array, *, tokenizer: Tokenizer, rows: Rows) -> tuple[Array, Array, Array]:
    """Return ids, mask and types; raises InvalidInput or EngineError."""
    check_texts(texts, rows.input, rows.max_bytes)
    try:
        tokens = [tokenizer.encode(text.decode()) for text in texts.tolist()]
    except ValueError as error:
        raise EngineError("the tokenizer cannot split this text", detail=repr(error.__cause__)) from None
    width = rows.length or max(1, *(len(row.ids) for row in tokens))
    shape = affordable((len(tokens), width))
    ids, mask, types = np.full(shape, rows.pad, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    _fill(tokens, ids, mask, types)
    return ids, mask, types


def _fill(tokens: Sequence[Tokens], ids: Array, mask: Array, types: Array) -> None:
    for number, row in enumerate(tokens):
        count = len(row.ids)
        ids[number, :count] = row.ids
        mask[number, :count] = 1
        types[number, :count] = row.types


def _operator(form: str) -> Operator:
    def operator(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
        tokenizer = load(form, constants[1].tobytes(), Window(**options["window"]))
        return partial(tokenize, tokenizer=tokenizer, rows=Rows(**options["rows"]))

    return operator


OPERATORS: dict[str, Operator] = {form: _operator(form) for form in FORMS}
