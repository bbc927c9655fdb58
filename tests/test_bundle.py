from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightship.bundle import GOLDEN, MANIFEST, MODEL, Bundle, Manifest, digests, write_manifest
from lightship.bundle.golden import read_golden, write_golden
from lightship.calls import Call
from lightship.errors import BundleError, InvalidInput, NotFound
from lightship.model import Model
from tests.bundles import Registries


@pytest.fixture
def bundle(registries: Registries, tmp_path: Path) -> Path:
    return Path(shutil.copytree(registries.small / "pair" / "1", tmp_path / "bundle"))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


# Function that damages a bundle, and what the message names.
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped bit": (lambda path: flip(path / MODEL), "model.tflite"),
    "a truncated model": (lambda path: (path / MODEL).write_bytes(b"x"), "model.tflite"),
    "a missing file": (lambda path: (path / GOLDEN).unlink(), "golden.npz"),
    "a foreign file": (lambda path: (path / "evil.py").touch(), "evil.py"),
    "a link": (lambda path: (path / "link").symlink_to("/etc/passwd"), "/link"),
    "no manifest": (lambda path: (path / MANIFEST).unlink(), "manifest.json"),
    "half a manifest": (lambda path: (path / MANIFEST).write_bytes(b'{"schema": 1'), "manifest.json"),
    "a manifest of nothing": (lambda path: (path / MANIFEST).write_bytes(b"[]"), "manifest.json"),
    "a huge manifest": (lambda path: (path / MANIFEST).write_bytes(b" " * 5_000_000), " bytes"),
    "a newer schema": (lambda path: replace(path, b'"schema": 1', b'"schema": 3'), "schema 3"),
    "an escaping name": (lambda path: replace(path, b'"golden.npz"', b'"../golden"'), "'../golden'"),
}


def replace(path: Path, old: bytes, new: bytes) -> None:
    data = (path / MANIFEST).read_bytes()
    assert old in data
    (path / MANIFEST).write_bytes(data.replace(old, new))


@pytest.mark.parametrize("damage", DAMAGES)
def test_open_damaged_bundle_is_refused(bundle: Path, damage: str) -> None:
    damage_bundle, named = DAMAGES[damage]
    damage_bundle(bundle)
    with pytest.raises(BundleError, match=named):
        Bundle.open(bundle)


def test_model_unknown_engine_is_refused(bundle: Path) -> None:
    replace(bundle, b'"litert"', b'"abacus"')
    with pytest.raises(BundleError, match="'abacus'.*litert, tensorflow"):
        Model.open(bundle)


def test_model_malformed_file_is_refused_by_engine(bundle: Path) -> None:
    (bundle / MODEL).write_bytes(b"no model")
    manifest = Manifest.from_bytes((bundle / MANIFEST).read_bytes())
    write_manifest(bundle, Manifest(manifest.engine, manifest.signatures, digests(bundle)))
    with pytest.raises(BundleError, match="LiteRT.*model.tflite"):
        Model.open(bundle)


def test_bundle_digest_is_manifest_digest(registries: Registries) -> None:
    bundle = Bundle.open(registries.small / "pair" / "1")
    assert bundle.digest == hashlib.sha256((bundle.path / MANIFEST).read_bytes()).hexdigest()
    assert Manifest.from_bytes(bundle.manifest.to_bytes()) == bundle.manifest
    assert (bundle.path / MANIFEST).read_bytes() == bundle.manifest.to_bytes()


@pytest.mark.parametrize("name", ["pair", "modes", "roots", "counts", "flags", "words", "wide", "scorer"])
def test_predict_of_every_signature_equals_golden_outputs(registries: Registries, name: str) -> None:
    model = Model.open(registries.small / name / "1")
    for signature in model.manifest.signatures:
        inputs, expected = model.golden(signature.name)
        outputs = model.predict(Call(inputs, signature=signature.name)).outputs
        assert list(outputs) == [spec.name for spec in signature.outputs]
        for key, array in outputs.items():
            assert array.dtype == expected[key].dtype
            np.testing.assert_array_equal(array, expected[key])


def test_predict_with_output_names_returns_no_others(registries: Registries) -> None:
    model = Model.open(registries.small / "pair" / "1")
    inputs, _ = model.golden()
    assert list(model.predict(Call(inputs, outputs=("product",))).outputs) == ["product"]
    with pytest.raises(NotFound, match="'quotient'.*sum, product"):
        model.predict(Call(inputs, outputs=("quotient",)))


def test_predict_missing_or_mismatched_inputs_are_refused(registries: Registries) -> None:
    model = Model.open(registries.small / "pair" / "1")
    row = np.ones((1, 2), np.float32)
    for inputs, named in [
        ({"a": row}, "'b'"),
        ({"a": row, "b": row[:, :1], "c": row}, "'c'.*a, b"),
        ({"a": row, "b": np.ones((2, 1), np.float32)}, "'a'.* 1, 'b'.* 2"),
        ({"a": row.astype(np.float64), "b": row[:, :1]}, r"'a'.*float32 \[any, 2\].*float64"),
    ]:
        with pytest.raises(InvalidInput, match=named):
            model.predict(Call(inputs))


def test_predict_accepts_changing_number_of_rows(registries: Registries) -> None:
    model = Model.open(registries.small / "modes" / "1")
    for count in (1, 5, 2, 1, 300):
        array = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
        np.testing.assert_array_equal(model.predict(Call({"x": array})).outputs["y"], array * 2)
        np.testing.assert_array_equal(model.predict(Call({"x": array}, signature="halve")).outputs["y"], array / 2)


def test_golden_examples_round_trip_and_are_deterministic(tmp_path: Path) -> None:
    texts = np.empty((2, 2), dtype=np.object_)
    texts[:] = [[b"", b"\xff\x00"], ["é".encode(), b"x" * 1000]]
    golden = {"serve": ({"w": texts, "n": np.int8([[1], [2]])}, {"y": np.float32([1.5])})}
    for name in ("one", "two"):
        write_golden(tmp_path / name, golden)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    inputs, outputs = read_golden(tmp_path / "one")["serve"]
    assert inputs["w"].tolist() == texts.tolist()
    assert inputs["n"].dtype == np.int8
    assert outputs["y"].tolist() == [1.5]


def test_read_golden_never_unpickles(tmp_path: Path) -> None:
    with (tmp_path / "evil.npz").open("wb") as file:
        np.savez(file, **{"s|inputs|x": np.array([object], dtype=object)})
    with pytest.raises(BundleError, match="golden"):
        read_golden(tmp_path / "evil.npz")


def test_manifest_compression_is_written_only_where_used(bundle: Path) -> None:
    manifest = Bundle.open(bundle).manifest
    assert b'"compression"' not in manifest.to_bytes()
    record = {"budget": {"max_error": 0.1}, "chosen": "int8", "reason": "it is the fastest"}
    again = Manifest.from_bytes(manifest._replace(compression=record).to_bytes())
    assert again.compression == record
    assert Manifest.from_bytes(manifest.to_bytes()).compression == {}
