"""Inputs of the kind text: a tokenizer file as a program to a model's tensors.

The file is opened here, in the sandboxed child only. It is tried with long texts, because a tokenizer.json may hold
regular expressions that take very long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lightship import inputs
from lightship.compiler import limits
from lightship.compiler.declarations.config import without_kind
from lightship.compiler.hints import Hint
from lightship.errors import CompileError, InvalidInput, SourceRefused
from lightship.inputs.text import FILES, Text
from lightship.preprocessing import Program, Step
from lightship.preprocessing.tokenizers import Tokenizer, Window, load
from lightship.tensors import Array, Signature, TensorSpec

# Repeated to the longest text, so that a slow rule takes its time now and not in a request.
_TRIALS = ("a", "a ", " ", "0", "aA", "!", "\n", "\u6771", "\u0301", "\U0001f6a2", "'s")
_LAST = "\x7f"  # so that an expression for the text's end does not match at once
_OUTPUTS = ("ids", "mask", "types")  # of the operators, in their order
_DTYPE = "int32"  # of these outputs


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


@dataclass(frozen=True)
class TextInput:
    """One input of texts in place of a model's tensors.

    Attributes:
        spec: the input of texts.
        tensors: the model's tensors by output of the operator: ``ids``, ``mask``, ``types``.
        operator, options: the tokenizer's step.
        file: the tokenizer file as an array of bytes.
        words: entries of the vocabulary.
    """

    spec: TensorSpec
    tensors: Mapping[str, TensorSpec]
    operator: str
    options: Mapping[str, Any]
    file: Array
    words: Sequence[str] = field(repr=False)


def read(entry: Entry, signature: Signature, files: Mapping[str, Path]) -> TextInput:
    """Return the texts of an entry for a signature.

    Raises CompileError, SourceRefused or MissingExtra.
    """
    options = entry.options
    try:
        record = inputs.configure(entry.spec, options["kind"], without_kind(options))
    except InvalidInput as error:
        raise CompileError(f"{entry.path}: {error.message}") from None
    kind, tensors = Text.from_json(record), _tensors(entry, signature)
    data, form = _read_file(kind, entry, files), FILES[PurePosixPath(kind.tokenizer).suffix.lower()]
    with limits.opening():
        tokenizer, window = _open(form, data, kind, entry)
        pad = _pad(tokenizer, entry)
        _check_ids(max(tokenizer.size, pad + 1), entry)
        _try(tokenizer, kind)
    name = options.get("name", "text")
    length = None if options.get("padding") == "longest" else kind.length
    return TextInput(
        spec=TensorSpec(name, "string", entry.spec.shape[:1], kind=record),
        tensors=tensors,
        operator=f"tokenizer.{form}",
        options={
            "window": {key: value for key, value in asdict(window).items() if value is not None},
            "rows": {"input": name, "max_bytes": kind.max_bytes, "pad": pad, "length": length},
        },
        file=np.frombuffer(data, np.uint8),
        words=tokenizer.words(),
    )


def program(texts: Sequence[TextInput], signature: Signature) -> Program:
    """Return the program from texts and the other inputs to a signature's tensors."""
    taken = {*(spec.name for spec in signature.inputs), *(text.spec.name for text in texts)}
    values = _Values(taken)
    steps: list[Step] = []
    outputs = {spec.name: spec.name for spec in signature.inputs}
    constants = {}
    for text in texts:
        file = values.new("tokenizer")
        constants[file] = text.file
        made = {output: values.new(output) for output in _OUTPUTS}
        steps.append(Step(text.operator, (text.spec.name, file), tuple(made.values()), text.options))
        for output, spec in text.tensors.items():
            outputs[spec.name] = made[output]
            if spec.dtype != _DTYPE:
                outputs[spec.name] = values.new(output)
                steps.append(Step("arrays.cast", (made[output],), (outputs[spec.name],), {"dtype": spec.dtype}))
    return Program(tuple(steps), outputs, constants)


class _Values:
    """Names of values that are not in use."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, name: str) -> str:
        """Return a name that begins with this one."""
        unused = next(each for each in _numbered(name) if each not in self._taken)
        self._taken.add(unused)
        return unused


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in range(1, 10_000_000))


def _tensors(entry: Entry, signature: Signature) -> dict[str, TensorSpec]:
    """Return the tensors that the texts become; raises CompileError for other shapes."""
    own = {spec.name: spec for spec in signature.inputs}
    found = {"ids": entry.spec}
    for output, option in (("mask", "attention_mask"), ("types", "token_type_ids")):
        if (name := entry.options.get(option)) is None:
            continue
        if name not in own:
            raise CompileError(f"{entry.path}.{option}: the model has no input '{name}': it has {', '.join(own)}")
        if own[name].shape != entry.spec.shape or own[name].numpy.kind not in "iufb":
            raise CompileError(f"{entry.path}.{option}: '{name}' is {own[name]}, and the token ids are {entry.spec}")
        found[output] = own[name]
    if len({spec.name for spec in found.values()}) < len(found):
        raise CompileError(f"{entry.path}: attention_mask and token_type_ids must be two other inputs of the model")
    return found


def _read_file(kind: Text, entry: Entry, files: Mapping[str, Path]) -> bytes:
    if kind.tokenizer not in files:
        raise CompileError(
            f"{entry.path}.tokenizer: a model.yaml in a bucket cannot name other files: compile on a terminal with "
            "`lightship compile`, then `lightship push` the version"
        )
    return files[kind.tokenizer].read_bytes()


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
