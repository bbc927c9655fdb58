from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lightship.compiler.declarations.config import Config, read_config
from lightship.errors import CompileError
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.specs import Boxes

X = TensorSpec("x", "float32", (None, 3))
SIGNATURES = (
    Signature("serving_default", (X,), (TensorSpec("y", "float32", (None, 2)),)),
    Signature("encode", (X,), (TensorSpec("z", "float32", (None, None)),)),
)


def test_config_apply_changes_every_signature_with_tensor_name() -> None:
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
    ("text", "named"),
    [
        ("- a", "name, inputs, outputs, metrics"),
        ("nmae: a", "'nmae'"),
        ("name: 3", "name.*3"),
        ("inputs: [x]", "inputs.*'x'"),
        ("inputs: {x: image}", "inputs.x.*image, tabular"),
        ("inputs: {x: {mode: L}}", "inputs.x.*kind"),
        ("inputs: {x: {kind: sound}}", "inputs.x.*'sound'"),
        ("inputs: {x: {kind: image, mode: BGR}}", "inputs.x.*'BGR'"),
        ("inputs: {x: {kind: image, scael: 1}}", "inputs.x.*'scael'"),
        ("inputs: {x: {kind: image, 3: 1}}", "inputs.x.*'3'"),
        ("inputs: {x: {kind: image, scale: big}}", "inputs.x.*scale"),
        ("inputs: {x: {kind: image, offset: [1, b]}}", "inputs.x.*offset"),
        ("inputs: {x: {kind: tabular}}", "inputs.x.*columns"),
        ("inputs: {x: {kind: tabular, columns: [a, a]}}", "inputs.x.*'a'"),
        ("outputs: {y: {labels: [a]}}", "'outputs.y.labels'"),
        ("outputs: {y: {classes: [0, 1]}}", "outputs.y.classes"),
        ("outputs: {y: {classes: [a, a]}}", "outputs.y.classes"),
        ("outputs: {y: {from_logits: 1}}", "outputs.y.from_logits"),
        ("outputs: {y: 1}", "outputs.y"),
        ("outputs: {y: {multi_label: 1, classes: [a, b]}}", "outputs.y.multi_label"),
        ("outputs: {y: {multi_label: true}}", "outputs.y.multi_label.*classes"),
        ("card: {author: me}", "'card.author'"),
        ("card: {owner: 3}", "card.owner"),
        ('card: {owner: ""}', "card.owner"),
        ("metrics: {accuracy: high}", "metrics.accuracy.*'high'"),
        ("metrics: {accuracy: .inf}", "'inf'"),
        (
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
            "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
            "e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]",
            "line 1.*anchors",
        ),
        ("name: !!binary aGk=", "line 1"),
        ("name: [", "line 1"),
        ("name: !!python/object/apply:os.system [ls]", "line 1"),
    ],
)
def test_read_config_invalid_value_is_named_with_key(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(text)
    with pytest.raises(CompileError, match=named):
        read_config(path)


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"inputs": {"q": {"kind": "image"}}}, "input 'q'"),
        ({"outputs": {"q": {}}}, "output 'q'"),
        ({"outputs": {"y": {"classes": ["a"]}}}, "outputs.y.classes.* 1 .*2"),
        ({"outputs": {"z": {"classes": ["a"]}}}, "outputs.z.classes"),
        ({"inputs": {"x": {"kind": "tabular", "columns": ["a"]}}}, "inputs.x.*'x'"),
    ],
)
def test_config_apply_to_other_model_is_refused(record: dict[str, object], named: str) -> None:
    with pytest.raises(CompileError, match=named):
        Config.parse(record).apply(SIGNATURES)


def test_read_config_missing_or_large_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="nowhere.yaml"):
        read_config(tmp_path / "nowhere.yaml")
    (tmp_path / "empty.yaml").write_text("")
    assert read_config(tmp_path / "empty.yaml") == {}
    (tmp_path / "large.yaml").write_bytes(b"#" * (256 * 1024 + 1))
    with pytest.raises(CompileError, match="262144 bytes"):
        read_config(tmp_path / "large.yaml")


PHOTO = TensorSpec("image", "uint8", (None, None, None, 3))
DETECTOR = Signature("serving_default", (PHOTO,), (TensorSpec("faces", "float32", (None, 9, 7)),))
IMAGE = {"image": {"kind": "image", "mode": "RGB"}}


def test_config_apply_boxes_names_image_and_points() -> None:
    config = Config.parse({"inputs": IMAGE, "outputs": {"faces": {"boxes": {"input": "image", "points": ["nose"]}}}})
    (signature,) = config.apply((DETECTOR,))
    assert signature.outputs[0].boxes == Boxes("image", ("nose",))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"boxes": ["image"]}, "outputs.faces.boxes.*input"),
        ({"boxes": {"input": 3}}, "outputs.faces.boxes.*input"),
        ({"boxes": {"input": "image", "pionts": []}}, "'outputs.faces.boxes.pionts'"),
        ({"boxes": {"input": "image", "points": "nose"}}, "points must be a list"),
        ({"boxes": {"input": "image", "points": ["a", "a"]}}, "twice"),
        ({"boxes": {"input": "image", "points": ["a"]}, "classes": ["b"]}, "no classes"),
        ({"boxes": {"input": "image", "points": ["a"]}, "from_logits": True}, "no classes"),
        ({"boxes": {"input": "photo", "points": ["a"]}}, "boxes.input.*image"),
        ({"boxes": {"input": "image", "points": ["a", "b"]}}, r"2 points.*9\].*7"),
    ],
)
def test_config_wrong_boxes_are_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(CompileError, match=named):
        Config.parse({"inputs": IMAGE, "outputs": {"faces": options}}).apply((DETECTOR,))
