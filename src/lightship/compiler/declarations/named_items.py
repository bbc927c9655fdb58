"""Options of model.yaml for tensors whose integers are indices of names."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from lightship.bundle import ASSETS
from lightship.compiler.hints import Hint
from lightship.errors import CompileError, InvalidInput
from lightship.inputs.items import check_file
from lightship.tensors import Signature, TensorSpec

_OTHERS = ("scores", "reasons")


def ranking(options: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the options ``names``, ``scores`` and ``reasons`` of an output.

    ``path`` begins messages. Raises CompileError.
    """
    found = {key: options[key] for key in ("names", *_OTHERS) if key in options}
    if not found:
        return {}
    if "names" not in found:
        raise CompileError(f"model.yaml: {path}.{next(iter(found))} requires names, a file with one name per line")
    if "classes" in options:
        raise CompileError(f"model.yaml: {path} has classes or names, not both")
    try:
        check_file(found["names"])
    except InvalidInput as error:
        raise CompileError(f"model.yaml: {path}: {error.message}") from None
    if wrong := [key for key, value in found.items() if not isinstance(value, str)]:
        raise CompileError(f"model.yaml: {path}.{wrong[0]} must be the name of another output")
    return found


def check_ranking(spec: TensorSpec, scores: str, reasons: str, signature: Signature) -> None:
    """Raise CompileError unless an output, its scores and its reasons fit together."""
    path, outputs = f"model.yaml: outputs.{spec.name}", {each.name: each for each in signature.outputs}
    if spec.numpy.kind not in "iu" or not spec.batched:
        raise CompileError(f"{path}.names: the output is {spec}, and indices of names are integers [batch, …]")
    for key, other in zip(_OTHERS, (scores, reasons), strict=True):
        if other and other not in outputs:
            raise CompileError(f"{path}.{key}: the model has no output '{other}': its outputs are {', '.join(outputs)}")
    if (scores or reasons) and len(spec.shape) != 2:
        raise CompileError(f"{path}: the output is {spec}, and a ranking with scores or reasons is [batch, items]")
    if scores and (outputs[scores].numpy.kind != "f" or not _agree(outputs[scores].shape, spec.shape)):
        raise CompileError(
            f"{path}.scores: the output '{scores}' is {outputs[scores]}, and {spec} needs one float each"
        )
    if reasons and (outputs[reasons].numpy.kind not in "iu" or not _agree(outputs[reasons].shape[:-1], spec.shape)):
        raise CompileError(f"{path}.reasons: the output '{reasons}' is {outputs[reasons]}: one list of integers each")


def _agree(one: tuple[int | None, ...], other: tuple[int | None, ...]) -> bool:
    """Return whether two shapes can be equal; None is any size."""
    return len(one) == len(other) and all(None in pair or pair[0] == pair[1] for pair in zip(one, other, strict=True))


def check_counts(signature: Signature, hints: Mapping[str, Hint]) -> None:
    """Raise CompileError where an input has more names than its embedding has rows."""
    for spec in signature.inputs:
        below = hints[spec.name].below if spec.name in hints else None
        if spec.names and below is not None and spec.names.count > below:
            raise CompileError(
                f"model.yaml: inputs.{spec.name}: {spec.names.file} has {spec.names.count} names and the model's "
                f"embedding {below} rows: give the names with which the model was trained"
            )


def asset_of(file: str) -> str:
    """Return the path in the bundle of a file that model.yaml names."""
    return f"{ASSETS}/{PurePosixPath(file).name}"


def check_assets(files: set[str]) -> None:
    """Raise CompileError where two files of names have the same name in the bundle."""
    assets: dict[str, str] = {}
    for file in sorted(files):
        if (other := assets.setdefault(asset_of(file), file)) != file:
            raise CompileError(f"model.yaml names {other!r:.200} and {file!r:.200}: give the files different names")


def write_names(folder: Path, signatures: Sequence[Signature]) -> None:
    """Copy the files with names of tensors into the folder of a bundle."""
    for spec in (spec for signature in signatures for spec in (*signature.inputs, *signature.outputs)):
        if spec.names and spec.names.path:
            (folder / ASSETS).mkdir(exist_ok=True)
            shutil.copyfile(spec.names.path, folder / spec.names.file)
