"""Words of a text; an absent one is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lightship.calls import Attributed
from lightship.explain.features.part import Part
from lightship.tensors import Array

# A word, or one character of a script without spaces, and the spaces after it.
_EAST_ASIAN = "\u2e80-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"(?:[{_EAST_ASIAN}]|[^\s{_EAST_ASIAN}]+)\s*")

# A longer text has several words in a feature.
_MOST = 128


@dataclass(frozen=True)
class Words(Part):
    """The words of one input of a row.

    Attributes:
        name: of the input.
        row: one text as bytes, of shape [] or [1].
    """

    name: str
    row: Array

    @cached_property
    def words(self) -> Sequence[str]:
        """Return the words, or runs of words, with the spaces after them."""
        found = _WORD.findall(self.row.item().decode(errors="surrogateescape"))
        if len(found) <= _MOST:
            return found
        return ["".join(run) for run in np.array_split(np.array(found, object), _MOST)]

    @property
    def count(self) -> int:
        """See :class:`Part`."""
        return len(self.words)

    def fill(self, present: Array) -> Array:
        """See :class:`Part`; all words present are the text as it is."""
        texts = np.empty(len(present), object)
        for index, mask in enumerate(present):
            texts[index] = self.row.item() if mask.all() else self._without(mask)
        return texts.reshape(len(present), *self.row.shape)

    def pooled(self, values: Array) -> Array:
        """See :class:`Part`: a text is one element, which has no words to sum."""
        raise NotImplementedError

    def named(self, values: Array) -> Mapping[str, Attributed]:
        """See :class:`Part`: the words in order, each with its value."""
        shown = [word.strip().encode(errors="surrogateescape").decode(errors="replace") for word in self.words]
        return {self.name: tuple(zip(shown, values.tolist(), strict=True))}

    def _without(self, mask: Array) -> bytes:
        kept = "".join(word for word, present in zip(self.words, mask, strict=True) if present)
        return kept.rstrip().encode(errors="surrogateescape")
