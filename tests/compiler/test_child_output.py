"""Checks of the parent on files and results of a malicious sandboxed child."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightship.bundle import EXPLAIN, MANIFEST, Bundle, Manifest, digests, write_manifest
from lightship.compiler import untrusted_report
from lightship.compiler.verification.child_output import verify
from lightship.errors import SourceRefused
from lightship.explain.compiled import Gradient
from lightship.tensors import Signature, TensorSpec

MEBIBYTE = 1024**2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a bundle as a sandboxed child writes it."""
    path = tmp_path / "bundle"
    path.mkdir()
    (path / "model.tflite").write_bytes(b"model")
    spec = TensorSpec("x", "float32", (None, 1))
    signature = Signature("serving_default", (spec,), (spec,))
    write_manifest(path, Manifest("litert", (signature,), digests(path), sandbox="kernel"))
    return path


def test_verify_valid_folder_returns_bundle(folder: Path) -> None:
    assert verify(folder, sandbox="kernel", largest=MEBIBYTE) == Bundle.open(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b"[]",
        b'{"schema": 1, "more": 1}',
        b'{"schema": 1e999}',
        b'{"evaluation": {"outputs": [{"output": "y"}]}}',
        b'{"evaluation": {"outputs": [{"output": "y", "task": "n", "rows": 1, "metrics": {"mse": {"value": "x"}}}]}}',
        b'{"card": {"purpose": "' + b"a" * 3000 + b'"}}',
        b'{"card": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"evaluation": {"worst": ["data:image/png;base64,' + b"<" * 3000 + b'"]}}',
    ],
)
def test_verify_invalid_report_file_is_refused(folder: Path, content: bytes) -> None:
    manifest = Bundle.open(folder).manifest
    (folder / "report.json").write_bytes(content)
    write_manifest(folder, manifest._replace(files=digests(folder)))
    with pytest.raises(SourceRefused, match=r"report\.json"):
        verify(folder, sandbox="kernel", largest=MEBIBYTE)


def link(folder: Path) -> None:
    (folder / "more").symlink_to("/etc/passwd")


def link_of_the_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).symlink_to("/etc/passwd")


def link_to_a_folder(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


def hard_link(folder: Path) -> None:
    os.link(folder / "model.tflite", folder.parent / "model.tflite")


def pipe(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    os.mkfifo(folder / MANIFEST)


def large_file(folder: Path) -> None:
    with (folder / "more").open("wb") as file:
        file.truncate(2 * MEBIBYTE)


def unlisted_file(folder: Path) -> None:
    (folder / "more").touch()


def invalid_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("not a manifest")


def other_proof(folder: Path) -> None:
    manifest = Bundle.open(folder).manifest
    write_manifest(folder, manifest._replace(sandbox="powerless"))


def missing_gradient(folder: Path) -> None:
    gradient = Gradient("", ("x",), {"x": 1}, points=32, steps=512)
    write_manifest(folder, Bundle.open(folder).manifest._replace(explain=gradient.to_json()))


def unexplained_gradient(folder: Path) -> None:
    manifest = Bundle.open(folder).manifest
    (folder / EXPLAIN).write_bytes(b"gradient")
    write_manifest(folder, manifest._replace(files=digests(folder)))


def invalid_gradient(folder: Path) -> None:
    write_manifest(folder, Bundle.open(folder).manifest._replace(explain={"method": "integrated_gradients"}))


HOSTILE = (
    link,
    link_of_the_manifest,
    link_to_a_folder,
    hard_link,
    pipe,
    large_file,
    unlisted_file,
    invalid_manifest,
    other_proof,
    missing_gradient,
    unexplained_gradient,
    invalid_gradient,
)


@pytest.mark.parametrize("damage", HOSTILE)
def test_verify_manipulated_folder_is_refused(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder)
    with pytest.raises(SourceRefused):
        verify(folder, sandbox="kernel", largest=MEBIBYTE)


def test_manifest_without_sandbox_is_read_and_keeps_bytes(folder: Path) -> None:
    old = Bundle.open(folder).manifest._replace(sandbox="")
    assert b"sandbox" not in old.to_bytes()
    assert Manifest.from_bytes(old.to_bytes()) == old


RESULT: dict[str, Any] = {
    "engine": "litert",
    "reasons": [],
    "signatures": [],
    "sizes": {"before": 1, "after": 1},
    "parity": [],
    "latency": {"subject": "a call", "before": 1.0, "after": 1.0},
    "cost": {"seconds": 1.0, "bytes": 1},
    "warnings": [],
    "rewrites": [],
    "trusted": [],
}


def test_report_of_result_contains_sandbox() -> None:
    assert untrusted_report.report({**RESULT, "sandbox": "kernel: seccomp"}).sandbox == "kernel: seccomp"


@pytest.mark.parametrize(
    "wrong",
    [
        {"engine": None, "sizes": None},
        {"reasons": 1},
        {"signatures": [{"name": []}]},
        {"signatures": {"a": 1}},
        {"sizes": {"before": "many", "after": 1}},
        {"sizes": {"bytes": 1}},
        {"parity": [{"signature": "s"}]},
        {"latency": {"subject": "s", "before": [], "after": 1}},
        {"latency": {"subject": "s", "before": 1, "after": 1, "others": {"t": "soon"}}},
        {"latency": {"subject": "s", "before": 1, "after": 1, "others": 3}},
        {"latency": []},
        {"cost": {"seconds": 1.0}},
        {"cost": {"seconds": 1.0, "bytes": float("inf")}},
        {"trusted": 7},
    ],
)
def test_report_of_invalid_result_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(untrusted_report.InvalidReport):
        untrusted_report.report({**RESULT, **wrong})
