from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler.config import Config, read_config
from lightship.errors import CompileError
from lightship.tensors import Signature, TensorSpec

X = TensorSpec("x", "float32", (None, 3))
SIGNATURES = (
    Signature("serving_default", (X,), (TensorSpec("y", "float32", (None, 2)),)),
    Signature("encode", (X,), (TensorSpec("z", "float32", (None, None)),)),
)


def test_it_applies_to_every_signature_that_has_the_name() -> None:
    config = Config.parse(
        {
            "inputs": {"x": {"kind": "tabular", "columns": ["a", "b", "c"]}},
            "outputs": {"y": {"classes": ["no", "yes"], "from_logits": True}},
        }
    )
    first, second = config.apply(SIGNATURES)
    assert first.inputs == second.inputs
    assert (first.inputs[0].kind or {})["columns"] == ["a", "b", "c"]
    assert first.outputs[0].classes == ("no", "yes")
    assert first.outputs[0].from_logits
    assert second.outputs == SIGNATURES[1].outputs


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a", "must be a mapping with name, inputs, outputs, metrics"),
        ("nmae: a", "model.yaml: there is no key 'nmae', there are name, inputs, outputs, metrics"),
        ("name: 3", "model.yaml: name must be a text, not 3"),
        ("inputs: [x]", "model.yaml: inputs must be a mapping by name, not ['x']"),
        ("inputs: {x: image}", "model.yaml: inputs.x must be a mapping with a kind (image, tabular)"),
        ("inputs: {x: {mode: L}}", "model.yaml: inputs.x must be a mapping with a kind"),
        ("inputs: {x: {kind: sound}}", "model.yaml: inputs.x: there is no kind 'sound'"),
        ("inputs: {x: {kind: image, mode: BGR}}", "model.yaml: inputs.x: there is no mode 'BGR'"),
        ("inputs: {x: {kind: image, scael: 1}}", "model.yaml: inputs.x: an image has no option 'scael'"),
        ("inputs: {x: {kind: image, 3: 1}}", "model.yaml: inputs.x: an image has no option '3'"),
        ("inputs: {x: {kind: image, scale: big}}", "model.yaml: inputs.x: scale must be a number"),
        ("inputs: {x: {kind: image, offset: [1, b]}}", "model.yaml: inputs.x: offset must be a number"),
        ("inputs: {x: {kind: tabular}}", "model.yaml: inputs.x: a table has one option, columns"),
        ("inputs: {x: {kind: tabular, columns: [a, a]}}", "model.yaml: inputs.x: two columns have the name 'a'"),
        (
            "outputs: {y: {labels: [a]}}",
            "model.yaml: there is no key 'outputs.y.labels', there are classes, from_logits",
        ),
        (
            "outputs: {y: {classes: [0, 1]}}",
            "model.yaml: outputs.y.classes must be a list of texts (put numbers in quotes)",
        ),
        ("outputs: {y: {classes: [a, a]}}", "model.yaml: outputs.y.classes names a class twice"),
        ("outputs: {y: {from_logits: 1}}", "model.yaml: outputs.y.from_logits must be true or false"),
        ("outputs: {y: 1}", "model.yaml: outputs.y must be a mapping with classes, from_logits"),
        ("metrics: {accuracy: high}", "model.yaml: metrics.accuracy must be a number, not 'high'"),
        ("metrics: {accuracy: .inf}", "it holds 'inf', which is not"),
        (
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
            "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
            "e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]",
            "line 1: anchors (&) and aliases (*) are not accepted",
        ),
        ("name: !!binary aGk=", "line 1: could not determine a constructor"),
        ("name: [", "is not a model.yaml: line 1"),
        ("name: !!python/object/apply:os.system [ls]", "line 1: could not determine a constructor"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(text)
    with pytest.raises(CompileError) as error:
        read_config(path)
    assert sentence in error.value.message


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"inputs": {"q": {"kind": "image"}}}, "the model has no input 'q': its inputs are x"),
        ({"outputs": {"q": {}}}, "the model has no output 'q': its outputs are y, z"),
        ({"outputs": {"y": {"classes": ["a"]}}}, "outputs.y.classes names 1 classes, the output is float32 [any, 2]"),
        ({"outputs": {"z": {"classes": ["a"]}}}, "and needs a known last dimension"),
        ({"inputs": {"x": {"kind": "tabular", "columns": ["a"]}}}, "inputs.x: input 'x' is float32 [any, 3]"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(record: dict[str, object], sentence: str) -> None:
    with pytest.raises(CompileError) as error:
        Config.parse(record).apply(SIGNATURES)
    assert sentence in error.value.message


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="cannot read"):
        read_config(tmp_path / "nowhere.yaml")
    (tmp_path / "empty.yaml").write_text("")
    assert read_config(tmp_path / "empty.yaml") == {}
    (tmp_path / "large.yaml").write_bytes(b"#" * (256 * 1024 + 1))
    with pytest.raises(CompileError, match="it is larger than"):
        read_config(tmp_path / "large.yaml")
