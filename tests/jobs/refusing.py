"""Models of every kind of input, and a row that each of them refuses."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import Bundle, digests, write_manifest
from lightship.bundle.transform import UsedTransform
from lightship.preprocessing import Program, Step, write_programs
from lightship.registry.registry import Registry
from lightship.tensors import TensorSpec
from tests.bundles import Registries, republish
from tests.jobs.scoring import png

TRANSFORM = """
import numpy as np
from lightship import InvalidInput

def preprocess(inputs):
    return {"x": np.array([[length(text, row)] * 2 for row, text in enumerate(inputs["word"])], np.float32)}

def length(text, row):
    if text == b"?":
        raise InvalidInput("a question mark is not a word", input="word", row=row)
    return len(text)
"""


@dataclass(frozen=True)
class Refusing:
    """A model, a row that it accepts, and one that it refuses.

    Attributes:
        input: the model's input, whose rows are texts or lists of numbers.
        row: the good row by column.
        wrong: the cells that differ in the wrong row.
        kind: the input's kind; None for a plain tensor.
        steps: the preprocessing, from the input to ``x``.
        transform: whether a transform precedes the model.
    """

    input: TensorSpec
    row: Mapping[str, Any]
    wrong: Mapping[str, Any]
    kind: Mapping[str, Any] | None = None
    steps: tuple[Step, ...] = ()
    transform: bool = False

    @property
    def tabular(self) -> bool:
        """Return whether rows are objects."""
        return (self.kind or {}).get("type") == "tabular"

    @property
    def column(self) -> str:
        """Return the column to blame."""
        return next(iter(self.wrong))

    def rows(self, count: int, wrong: int) -> list[dict[str, Any]]:
        """Return good rows with the wrong one at a number from 1."""
        return [{**self.row, **(self.wrong if number == wrong else {})} for number in range(1, count + 1)]

    def body(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the rows in the native protocol."""
        if self.tabular:
            return {"input": rows}
        return {"input": [list(row.values()) if len(row) > 1 else next(iter(row.values())) for row in rows]}


def _table(**types: Any) -> dict[str, Any]:
    return {"type": "tabular", "columns": ["a", "b"], "types": types}


_X, _WORD = TensorSpec("x", "float32", (None, 2)), TensorSpec("word", "string", (None,))
_TWICE = (
    Step("tables.stack", ("number", "number"), ("table",)),
    Step("arrays.cast", ("table",), ("found",), {"dtype": "float32"}),
)
_READ = Step("literals.to_numbers", ("word",), ("number",), {"dtype": "float32", "source": "word"})
_LOOK_UP = Step("tables.one_hot", ("word", "words", "at"), ("table",), {"name": "word", "unknown": None, "width": 2})

MODELS: dict[str, Refusing] = {
    "number": Refusing(_X, {"x_0": 1.5, "x_1": 2}, {"x_1": "many"}),
    "infinity": Refusing(_X, {"x_0": 1.5, "x_1": 2}, {"x_1": 1e39}),
    "named number": Refusing(_X, {"a": 1.5, "b": 2}, {"b": "many"}, _table()),
    "missing": Refusing(_X, {"a": 1.5, "b": 2}, {"b": None}, _table(a={"missing": "nan"})),
    "absent": Refusing(_X, {"a": 1.5, "b": 2}, {"b": "many"}, _table(a={"missing": "nan"}, b={"missing": "nan"})),
    "category": Refusing(
        _X, {"a": 1.5, "b": "Rome"}, {"b": "Romme"}, _table(b={"type": "category", "values": ["Oslo", "Rome"]})
    ),
    "boolean": Refusing(_X, {"a": 1.5, "b": True}, {"b": "maybe"}, _table(b={"type": "boolean"})),
    "date": Refusing(
        _X, {"a": 1.5, "b": "2024-02-29"}, {"b": "2023-02-29"}, _table(b={"type": "date", "features": ["year"]})
    ),
    "text": Refusing(
        _WORD,
        {"word": "b a"},
        {"word": "a b a"},
        {"type": "text", "tokenizer": "vocab.txt", "length": 2, "max_bytes": 4},
        (
            Step(
                "tokenizer.wordpiece",
                ("word", "file"),
                ("table", "mask", "types"),
                {"window": {"length": 2}, "rows": {"input": "word", "max_bytes": 4, "pad": 0, "length": 2}},
            ),
            _TWICE[1],
        ),
    ),
    "word of numbers": Refusing(_WORD, {"word": "1"}, {"word": "one"}, steps=(_READ, *_TWICE)),
    "lookup": Refusing(_WORD, {"word": "Rome"}, {"word": "Romme"}, steps=(_LOOK_UP, _TWICE[1])),
    "transform": Refusing(_WORD, {"word": "Rome"}, {"word": "?"}, transform=True),
}
IMAGE = Refusing(
    TensorSpec("image", "float32", (None, 8, 8, 1)),
    {"image": base64.b64encode(png(7)).decode()},
    {"image": base64.b64encode(b"GIF89a").decode()},
)


def publish(folder: Path, registries: Registries) -> Registry:
    """Publish all models under their names, with hyphens for spaces."""
    registry = Registry(str(folder))
    for name, model in MODELS.items():
        with registry.staging() as staged:
            bundle = Bundle.open(registries.small / "modes" / "1").copy(staged)
            registry.publish(name.replace(" ", "-"), _changed(bundle, staged, model))
    republish(registry, registries.examples / "digits" / "1", "image")
    return registry


def _changed(bundle: Bundle, folder: Path, model: Refusing) -> Bundle:
    manifest = bundle.manifest
    spec = TensorSpec(model.input.name, model.input.dtype, model.input.shape, model.kind)
    client = tuple(each._replace(inputs=(spec,), independent_rows=True) for each in manifest.signatures)
    used = UsedTransform("words", "", manifest.signatures) if model.transform else None
    programs = {}
    if model.steps:
        constants = {
            "words": np.array([b"Oslo", b"Rome"], object),
            "at": np.array([0, 1]),
            "file": np.frombuffer(b"[PAD]\n[UNK]\na\nb\n", np.uint8),
        }
        read = {name for step in model.steps for name in step.inputs}
        program = Program(model.steps, {"x": "found"}, {name: constants[name] for name in constants if name in read})
        programs = write_programs(folder, {each.name: program for each in manifest.signatures})
    changed = manifest._replace(signatures=client, transform=used, preprocessing=programs, files=digests(folder))
    return write_manifest(folder, changed)
