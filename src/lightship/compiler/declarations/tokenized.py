"""Originals behind tokenizers: model.yaml replaces a model's tensors by texts.

Recordings, comparisons and the compiled model then have texts as inputs and run the same program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lightship.compiler.declarations import tokenization
from lightship.compiler.declarations.config import Config
from lightship.compiler.declarations.tokenization import COMPANIONS, TextInput
from lightship.compiler.declarations.tokenizer_files import Entry
from lightship.compiler.hints import Hint, vocabulary
from lightship.compiler.sources.base import Batch, Original
from lightship.compiler.sources.wrapped import Wrapped
from lightship.errors import CompileError
from lightship.preprocessing.builder import chain
from lightship.tensors import Array, Signature, TensorSpec


def tokenized(original: Original, config: Config, files: Mapping[str, Path]) -> tuple[Original, Config]:
    """Return an original with the texts of model.yaml, and the rest of its settings.

    Both are unchanged where model.yaml has no input of the kind text. ``files`` are those that it names. Raises
    CompileError or SourceRefused.
    """
    entries = {name: options for name, options in config.inputs.items() if options["kind"] == tokenization.KIND}
    if not entries:
        return original, config
    own = dict.fromkeys(spec.name for signature in original.signatures for spec in signature.inputs)
    if unknown := [name for name in entries if name not in own]:
        raise CompileError(f"model.yaml: the model has no input '{unknown[0]}': its inputs are {', '.join(own)}")
    texts = {signature.name: _texts(original, signature, entries, files) for signature in original.signatures}
    rest = {name: options for name, options in config.inputs.items() if name not in entries}
    return Tokenized(original, texts), replace(config, inputs=rest)


def _texts(
    original: Original, signature: Signature, entries: Mapping[str, Mapping[str, Any]], files: Mapping[str, Path]
) -> list[TextInput]:
    hints = original.hints(signature)
    found = [Entry(spec, entries[spec.name], hints.get(spec.name)) for spec in signature.inputs if spec.name in entries]
    texts = [tokenization.read(entry, signature, files) for entry in found]
    made = {spec.name for text in texts for spec in text.tensors.values()}
    for entry in found:
        _check_companions(entry, [spec for spec in signature.inputs if spec.name not in made])
    return texts


def _check_companions(entry: Entry, others: Sequence[TensorSpec]) -> None:
    """Raise CompileError where another input, by its name, goes with the tokens.

    It has one value for each of them, and a client cannot know how many these are.
    """
    for spec in others:
        if (option := COMPANIONS.get(spec.name)) and spec.shape == entry.spec.shape and None in spec.row_shape:
            raise CompileError(
                f"{entry.path}: the model also takes '{spec.name}', {spec}, which a tokenizer makes: add the option "
                f"{option}: {spec.name}"
            )


class Tokenized(Wrapped):
    """An original whose calls take texts."""

    def __init__(self, original: Original, texts: Mapping[str, Sequence[TextInput]]) -> None:
        super().__init__(original)
        self._texts = {name: inputs for name, inputs in texts.items() if inputs}
        self._own = {signature.name: signature for signature in original.signatures}
        self.signatures = tuple(map(self._with_texts, original.signatures))
        programs = {name: tokenization.program(inputs, self._own[name]) for name, inputs in self._texts.items()}
        self._bound = {name: program.bind() for name, program in programs.items()}
        self.preprocessing = chain(programs, original.preprocessing)

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the original on the tokens of texts."""
        return self.original.run(signature, self._tensors(signature, inputs))

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> Mapping[str, Callable[[], object]]:
        """Return calls of the original that split the texts, too."""
        own = self.original.calls(signature, self._tensors(signature, inputs))
        return {name: partial(self._split_and_call, signature, inputs, call) for name, call in own.items()}

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Compare the export with recorded batches, on their tokens."""
        own = {
            name: [(self._tensors(name, inputs), outputs) for inputs, outputs in recorded]
            for name, recorded in batches.items()
        }
        return tuple(map(self._with_texts, self.original.check_export(own)))

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return the original's hints, and words of the vocabularies."""
        words = {text.spec.name: text.words for text in self._texts.get(signature.name, ()) if text.words}
        own = self.original.hints(self._own[signature.name])
        return {**own, **{name: vocabulary(each, sentences=True) for name, each in words.items()}}

    def _split_and_call(self, signature: str, inputs: Mapping[str, Array], call: Callable[[], object]) -> object:
        self._tensors(signature, inputs)
        return call()

    def _tensors(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        bound = self._bound.get(signature)
        return bound.run(inputs) if bound else dict(inputs)

    def _with_texts(self, signature: Signature) -> Signature:
        """Return a signature of the original with texts in place of tensors."""
        texts = {text.tensors["ids"].name: text.spec for text in self._texts.get(signature.name, ())}
        made = {spec.name for text in self._texts.get(signature.name, ()) for spec in text.tensors.values()}
        kept = (spec for spec in signature.inputs if spec.name in texts or spec.name not in made)
        inputs = tuple(replace(texts[spec.name], shape=spec.shape[:1]) if spec.name in texts else spec for spec in kept)
        _check_distinct(inputs)
        return signature._replace(inputs=inputs)


def _check_distinct(inputs: Sequence[TensorSpec]) -> None:
    names = [spec.name for spec in inputs]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise CompileError(f"model.yaml: two inputs have the name '{twice[0]:.100}': give the text another name")
