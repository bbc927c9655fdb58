"""``lightship init``: the starting model.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lightship.cli import lightship
from lightship.compiler.declarations import plain_yaml
from lightship.compiler.declarations.config import Config
from lightship.compiler.description.describe import Description
from lightship.compiler.description.starter import starter
from lightship.inputs import gaps
from lightship.tensors import Signature, TensorSpec
from tests.compiler.conftest import sources

__all__ = ["sources"]  # the fixture of the compiler's tests


def described(*inputs: TensorSpec, outputs: tuple[TensorSpec, ...] = ()) -> Description:
    signature = Signature(name="serving_default", inputs=inputs, outputs=outputs)
    return Description("keras", (signature,), probabilities=frozenset(spec.name for spec in outputs))


def uncommented(text: str) -> str:
    """Return the text with all suggestions enabled and without explanations."""
    lines = [line.replace("  # ", "  ", 1) for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.startswith("  ") or "{" in line)


def test_starter_is_valid_and_sets_only_name() -> None:
    text = starter("digits", "digits.keras", described(TensorSpec("x", "float32", (None, 8, 8, 1))))
    assert Config.parse(plain_yaml.load(text.encode())) == Config(name="digits")


@pytest.mark.parametrize("name", ["x", "größe a", "self", "true", "a: b", 'quo"te', "line\nbreak", "1"])
def test_starter_suggestions_with_any_names_fit_signature(name: str) -> None:
    spec, output = TensorSpec(name, "float32", (None, 3)), TensorSpec("p", "float32", (None, 2))
    description = described(spec, outputs=(output,))
    config = Config.parse(plain_yaml.load(uncommented(starter("m", "m.keras", description)).encode()))
    (signature,) = config.apply(description.signatures)
    assert signature.inputs[0].kind == {"type": "tabular", "columns": ["column_1", "column_2", "column_3"]}
    assert signature.outputs[0].classes == ("class 0", "class 1")


@pytest.mark.parametrize(("dtype", "channels", "mode"), [("uint8", 3, "RGB"), ("float32", 1, "L")])
def test_starter_image_shape_suggests_image(dtype: str, channels: int, mode: str) -> None:
    description = described(TensorSpec("picture", dtype, (None, 28, 28, channels)))
    config = Config.parse(plain_yaml.load(uncommented(starter("m", "m.keras", description)).encode()))
    (signature,) = config.apply(description.signatures)
    assert signature.inputs[0].kind is not None
    assert signature.inputs[0].kind["mode"] == mode


def test_starter_fixed_batch_suggests_classes_without_columns() -> None:
    description = described(TensorSpec("x", "float32", (1, 4)), outputs=(TensorSpec("p", "float32", (1, 2)),))
    config = Config.parse(plain_yaml.load(uncommented(starter("m", "m.tflite", description)).encode()))
    (signature,) = config.apply(description.signatures)
    assert signature.inputs[0].kind is None
    assert signature.outputs[0].classes == ("class 0", "class 1")


IN_EFFECT = {
    "tabular": TensorSpec("f", "float64", (None, 3), gaps.table(["a b", "b", "yes"], ["a b", "yes"], ["yes"])),
    "number": TensorSpec("f", "float32", (None, 3), gaps.NUMBERS),
    "boolean": TensorSpec("f", "float64", (None,), {**gaps.BOOLEAN, "missing": "nan"}),
    "string": TensorSpec("f", "string", (None,), gaps.STRING),
}


@pytest.mark.parametrize("kind", IN_EFFECT)
def test_starter_kind_and_classes_in_model_file_stay_in_effect(kind: str) -> None:
    output = TensorSpec("p", "float32", (None, 2), classes=("no", "yes"))
    description = described(IN_EFFECT[kind], outputs=(output,))
    config = Config.parse(plain_yaml.load(uncommented(starter("m", "m.skops", description)).encode()))
    assert set(config.inputs) == {"f"}
    assert config.apply(description.signatures) == description.signatures


@pytest.mark.parametrize("source", ["mlp.keras", "legacy.h5", "named.tflite", "modes"])
def test_init_writes_names_of_every_format_and_never_overwrites(sources: Path, tmp_path: Path, source: str) -> None:
    target = tmp_path / "made.yaml"
    words = ["init", str(sources / source), "--output", str(target)]
    written = CliRunner().invoke(lightship, [*words, "--json"])
    assert written.exit_code == 0, written.output
    (signature, *_) = json.loads(written.stdout)["signatures"]
    text = target.read_text()
    assert all(f"# {spec['name']}: {spec['dtype']} [" in text for spec in signature["inputs"] + signature["outputs"])
    target.write_text("mine")
    assert CliRunner().invoke(lightship, words).exit_code == 2
    assert target.read_text() == "mine"


def test_init_json_without_output_writes_no_file(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(lightship, ["init", str(sources / "named.tflite"), "--json"])
    assert json.loads(result.stdout)["format"] == "tflite"
    assert list(tmp_path.iterdir()) == []


def test_init_unsupported_format_exits_2(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    result = CliRunner().invoke(lightship, ["init", str(tmp_path / "model.onnx"), "--output", str(tmp_path / "m.yaml")])
    assert result.exit_code == 2
    assert not (tmp_path / "m.yaml").exists()


@pytest.mark.parametrize(
    ("names", "size", "options"),
    [
        (("input_ids", "attention_mask", "token_type_ids"), 64, {"attention_mask", "token_type_ids"}),
        (("token_ids", "padding_mask", "segment_ids"), None, {"length", "attention_mask", "token_type_ids"}),
        (("input_word_ids",), 8, set()),
    ],
)
def test_starter_token_ids_suggest_text(names: tuple[str, ...], size: int | None, options: set[str]) -> None:
    description = described(*(TensorSpec(name, "int32", (None, size)) for name in names))
    text = uncommented(starter("m", "m.keras", description))
    (entry,) = Config.parse(plain_yaml.load(text.encode())).inputs.items()
    assert entry[0] == names[0]
    assert entry[1].keys() == {"kind", "tokenizer", *options}
