"""``model.yaml``: the settings that a model file does not contain.

::

    name: digits
    inputs:
      image: {kind: image, mode: L, scale: 0.0625}   # the options belong to the kind
    outputs:
      digit: {classes: ["0", "1", "2"], from_logits: false}
      topics: {classes: [news, sport], multi_label: true}   # a row may have any number of the classes
      films: {names: films.txt, scores: score}   # integers are indices of the names in a file
      faces: {boxes: {input: image, points: [nose, mouth]}}
    metrics: {accuracy: 0.98}
    card: {purpose: "Reads handwritten digits.", owner: "post@example.com", licence: MIT}   # also data, limits

Inputs and outputs have the names that the model gives them. An entry applies to every signature that has an input or
output of that name. ``transform`` names code of the user, see :mod:`lightship.compiler.declarations.transform`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lightship import inputs
from lightship.compiler.declarations import plain_yaml
from lightship.compiler.declarations.checks import check_keys, mapping
from lightship.compiler.declarations.named_items import asset_of, check_assets, check_ranking, ranking
from lightship.compiler.declarations.transform import DeclaredTransform
from lightship.errors import CompileError, InvalidInput
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.names import Names, read_names
from lightship.tensors.specs import Boxes

_KEYS = ("name", "inputs", "outputs", "metrics", "transform", "card")
CARD_KEYS = ("purpose", "data", "limits", "owner", "licence")
LONGEST_CARD_TEXT = 2000
_FLAGS = ("from_logits", "multi_label")
_OUTPUT_KEYS = ("classes", *_FLAGS, "names", "scores", "reasons", "boxes")
_BOX_KEYS = ("input", "points")


@dataclass(frozen=True)
class OutputOptions:
    """Class names or boxes of an output, and how its values are to be read.

    ``names`` is a file; for the others see :class:`lightship.tensors.TensorSpec`.
    """

    classes: tuple[str, ...] = ()
    from_logits: bool = False
    multi_label: bool = False
    names: str = ""
    scores: str = ""
    reasons: str = ""
    boxes: Boxes | None = None


@dataclass(frozen=True)
class Config:
    """Validated content of a model.yaml; the options of ``inputs`` include ``kind``.

    ``files`` are the paths of the files that it names; :meth:`apply` opens those with names.
    """

    name: str | None = None
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outputs: Mapping[str, OutputOptions] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    transform: DeclaredTransform | None = None
    card: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def parse(cls, record: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> Config:
        """Validate a mapping. Raises CompileError with the key and the expected type."""
        check_keys(record, _KEYS)
        config = cls(
            name=_optional_text(record, "name"),
            inputs={name: _input(name, options) for name, options in mapping(record, "inputs").items()},
            outputs={name: _output(name, options) for name, options in mapping(record, "outputs").items()},
            metrics={name: _number(f"metrics.{name}", value) for name, value in mapping(record, "metrics").items()},
            transform=DeclaredTransform.parse(record.get("transform")),
            card=_card(mapping(record, "card")),
            files=files or {},
        )
        check_assets(config.names_files)
        return config

    @property
    def names_files(self) -> set[str]:
        """Return the files with names of inputs' or outputs' indices."""
        own = {options["names"] for options in self.inputs.values() if "names" in options}
        return own | {options.names for options in self.outputs.values() if options.names}

    def seen_by_clients(self, signatures: tuple[Signature, ...]) -> tuple[Signature, ...]:
        """Return a model's signatures with the inputs and outputs of its transform."""
        return self.transform.seen_by_clients(signatures) if self.transform else signatures

    def apply(self, signatures: tuple[Signature, ...]) -> tuple[Signature, ...]:
        """Return the signatures with input kinds, output classes and names.

        Raises CompileError where a name is not in the model, an option does not fit its tensor, or a file of names
        cannot be read.
        """
        _check_names("inputs", self.inputs, [spec.name for signature in signatures for spec in signature.inputs])
        _check_names("outputs", self.outputs, [spec.name for signature in signatures for spec in signature.outputs])
        return tuple(map(self._described, signatures))

    def _described(self, signature: Signature) -> Signature:
        inputs = tuple(self._configure(spec) for spec in signature.inputs)
        configured = signature._replace(inputs=inputs)
        return configured._replace(outputs=tuple(self._classify(spec, configured) for spec in signature.outputs))

    def _configure(self, spec: TensorSpec) -> TensorSpec:
        options = self.inputs.get(spec.name)
        if not options:
            return spec
        if "names" in options:
            spec = replace(spec, names=self._names(options["names"]))
        try:
            return replace(spec, kind=inputs.configure(spec, options["kind"], without_kind(options)))
        except InvalidInput as error:
            raise CompileError(f"model.yaml: inputs.{spec.name}: {error.message}") from None

    def _classify(self, spec: TensorSpec, signature: Signature) -> TensorSpec:
        options = self.outputs.get(spec.name)
        if not options:
            return spec
        if options.names:
            check_ranking(spec, options.scores, options.reasons, signature)
        if options.boxes:
            _check_boxes(options.boxes, spec, signature.inputs)
        columns = spec.shape[-1] if spec.shape else None
        needed = 2 if columns == 1 and not options.multi_label else columns
        if options.classes and needed != len(options.classes):
            raise CompileError(
                f"model.yaml: outputs.{spec.name}.classes names {len(options.classes)} classes, but "
                f"the output is {spec} and needs {needed or 'a static last dimension'}"
            )
        return replace(spec, **{**vars(options), "names": self._names(options.names) if options.names else None})

    def _names(self, file: str) -> Names:
        """Return the names in a file beside model.yaml, checked; raises CompileError."""
        try:
            path = self.files[file]
            return Names(asset_of(file), len(read_names(path.read_bytes())), path)
        except KeyError:
            raise CompileError(f"model.yaml names the file {file!r:.200}, which is not at hand") from None
        except OSError as error:
            raise CompileError(f"cannot read {file!r:.200}: {error.strerror}") from None
        except ValueError as error:
            raise CompileError(f"the file {file!r:.200} {error}") from None


def read_config(path: Path) -> Mapping[str, Any]:
    """Return the validated mapping in a model.yaml file; raises CompileError.

    An empty file is an empty mapping.
    """
    try:
        with path.open("rb") as file:
            record = plain_yaml.load(file.read(plain_yaml.LARGEST + 1))
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror}") from None
    except plain_yaml.YamlError as error:
        raise CompileError(f"{path} is not a model.yaml: {error}") from None
    if record is None:
        return {}
    if not isinstance(record, dict):
        raise CompileError(f"{path} must be a mapping; its keys, all optional, are {', '.join(_KEYS)}")
    Config.parse(record)
    return record


def _optional_text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise CompileError(f"model.yaml: {key} must be a string, not {value!r:.60}")
    return value


def _number(path: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CompileError(f"model.yaml: {path} must be a finite number, not {value!r:.60}")
    return value


def _card(record: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the texts of a model card; raises CompileError."""
    check_keys(record, CARD_KEYS, "card")
    for key, value in record.items():
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_CARD_TEXT:
            raise CompileError(f"model.yaml: card.{key} must be a text of 1 to {LONGEST_CARD_TEXT} characters")
    return {key: " ".join(record[key].split()) for key in CARD_KEYS if key in record}


def _input(name: str, options: Any) -> Mapping[str, Any]:
    if not isinstance(options, dict) or not isinstance(options.get("kind"), str):
        raise CompileError(
            f"model.yaml: inputs.{name} must be a mapping with a kind ({', '.join(inputs.configurable())})"
        )
    try:
        inputs.check_options(options["kind"], without_kind(options))
    except InvalidInput as error:
        raise CompileError(f"model.yaml: inputs.{name}: {error.message}") from None
    return options


def without_kind(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of an input that belong to its kind."""
    return {key: value for key, value in options.items() if key != "kind"}


def _output(name: str, options: Any) -> OutputOptions:
    path = f"outputs.{name}"
    if not isinstance(options, dict):
        raise CompileError(
            f"model.yaml: {path} must be a mapping; its keys, all optional, are {', '.join(_OUTPUT_KEYS)}"
        )
    check_keys(options, _OUTPUT_KEYS, path)
    classes = options.get("classes", [])
    if not isinstance(classes, list) or not all(isinstance(entry, str) for entry in classes):
        raise CompileError(f"model.yaml: {path}.classes must be a list of strings (put numbers in quotes)")
    if len(set(classes)) != len(classes):
        raise CompileError(f"model.yaml: {path}.classes names a class twice")
    flags = {key: options.get(key, False) for key in _FLAGS}
    if wrong := [key for key, value in flags.items() if not isinstance(value, bool)]:
        raise CompileError(f"model.yaml: {path}.{wrong[0]} must be true or false")
    if flags["multi_label"] and not classes:
        raise CompileError(f"model.yaml: {path}.multi_label requires classes, the names of the output's columns")
    boxes = _boxes(f"{path}.boxes", options["boxes"]) if "boxes" in options else None
    if boxes and (classes or any(flags.values())):
        raise CompileError(f"model.yaml: {path} has boxes, which have no classes and are no logits")
    return OutputOptions(tuple(classes), **flags, **ranking(options, path), boxes=boxes)


def _boxes(path: str, options: Any) -> Boxes:
    if not isinstance(options, dict) or not isinstance(options.get("input"), str):
        raise CompileError(f"model.yaml: {path} must be a mapping with input, the name of the image's input")
    check_keys(options, _BOX_KEYS, path)
    points = options.get("points", [])
    if not isinstance(points, list) or not all(isinstance(name, str) and name for name in points):
        raise CompileError(f"model.yaml: {path}.points must be a list of names")
    if len(set(points)) != len(points):
        raise CompileError(f"model.yaml: {path}.points names a point twice")
    return Boxes(options["input"], tuple(points))


def _check_boxes(boxes: Boxes, spec: TensorSpec, inputs: Sequence[TensorSpec]) -> None:
    """Raise CompileError unless an output holds boxes, and an input is their image."""
    path = f"model.yaml: outputs.{spec.name}.boxes"
    images = [each.name for each in inputs if (each.kind or {}).get("type") == "image"]
    if boxes.input not in images:
        raise CompileError(f"{path}.input must be an input of kind image ({', '.join(images) or 'there is none'})")
    if not spec.batched or len(spec.shape) != 3 or spec.shape[2] != boxes.width or spec.numpy.kind != "f":
        raise CompileError(
            f"{path} has {len(boxes.points)} points, which needs an output of floats [any, boxes, {boxes.width}], and "
            f"the output is {spec}"
        )


def _check_names(side: str, named: Mapping[str, Any], names: list[str]) -> None:
    if unknown := [name for name in named if name not in names]:
        raise CompileError(
            f"model.yaml: the model has no {side.removesuffix('s')} '{unknown[0]}': its {side} are "
            f"{', '.join(dict.fromkeys(names))}"
        )
