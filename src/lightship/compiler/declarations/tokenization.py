"""Inputs of the kind text: a tokenizer file as a program to a model's tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lightship import inputs
from lightship.compiler.declarations.config import without_kind
from lightship.compiler.declarations.tokenizer_files import Entry, Opened, opened
from lightship.errors import CompileError, InvalidInput
from lightship.inputs.text import Text
from lightship.preprocessing import Program
from lightship.preprocessing.builder import ProgramBuilder
from lightship.tensors import Array, Signature, TensorSpec

KIND = "text"  # of the entries
# Usual names of inputs that go with token ids, with the option that names them.
COMPANIONS: Mapping[str, str] = {
    "attention_mask": "attention_mask",
    "input_mask": "attention_mask",
    "padding_mask": "attention_mask",
    "token_type_ids": "token_type_ids",
    "input_type_ids": "token_type_ids",
    "segment_ids": "token_type_ids",
}
_OUTPUTS = ("ids", "mask", "types")  # of the operators, in their order
_DTYPE = "int32"  # of these outputs


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
    try:
        record = inputs.configure(entry.spec, KIND, without_kind(entry.options))
    except InvalidInput as error:
        raise CompileError(f"{entry.path}: {error.message}") from None
    kind, tensors = Text.from_json(record), _tensors(entry, signature)
    data = _read_file(kind, entry, files)
    found = opened(data, kind, entry)
    spec = TensorSpec(entry.options.get("name", "text"), "string", entry.spec.shape[:1], kind=record)
    return TextInput(
        spec=spec,
        tensors=tensors,
        operator=f"tokenizer.{found.form}",
        options=_options(spec.name, found, kind, entry),
        file=np.frombuffer(data, np.uint8),
        words=found.tokenizer.words(),
    )


def _options(name: str, found: Opened, kind: Text, entry: Entry) -> dict[str, Any]:
    """Return the options of the tokenizer's step."""
    length = None if entry.options.get("padding") == "longest" else kind.length
    return {
        "window": {key: value for key, value in asdict(found.window).items() if value is not None},
        "rows": {"input": name, "max_bytes": kind.max_bytes, "pad": found.pad, "length": length},
    }


def program(texts: Sequence[TextInput], signature: Signature) -> Program:
    """Return the program from texts and the other inputs to a signature's tensors."""
    outputs = {spec.name: spec.name for spec in signature.inputs}
    builder = ProgramBuilder([*outputs, *(text.spec.name for text in texts)])
    for text in texts:
        file = builder.constant(text.file, "tokenizer")
        made = builder.step(text.operator, [text.spec.name, file], text.options, results=_OUTPUTS)
        values = dict(zip(_OUTPUTS, made, strict=True))
        for output, spec in text.tensors.items():
            outputs[spec.name] = values[output]
            if spec.dtype != _DTYPE:
                (outputs[spec.name],) = builder.step("arrays.cast", [values[output]], {"dtype": spec.dtype})
    return builder.finish(outputs)


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
