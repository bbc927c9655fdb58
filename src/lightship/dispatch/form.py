"""What a page needs to make a form for a version of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import orjson

from lightship.bundle import ASSETS, Manifest
from lightship.bundle.device import DeviceModel
from lightship.calls import Contents, Form
from lightship.errors import BundleError, InvalidInput, LightshipError
from lightship.explain.target import explained_output, names_of
from lightship.inputs import kind_of, media_types
from lightship.inputs.form import Range, shortened
from lightship.protocols.http import Matched, Request, Response
from lightship.protocols.native import decode_predict
from lightship.serving.device_files import is_served
from lightship.serving.serving import Serving
from lightship.tensors import Array, Signature, TensorSpec, validate

# The most recorded rows, and the most bytes of all of them as JSON.
MOST_EXAMPLES = 8
LARGEST_EXAMPLES = 1024 * 1024
# The most classes and targets that are listed.
MOST_CLASSES = 1000

# What a malformed manifest makes of the methods of a kind.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def form(serving: Serving, matched: Matched) -> Response:
    """Return the form of the version that the path selects; raises LightshipError."""
    selector = matched.selector
    found = serving.status.contents(matched.parameters["name"], selector.version, selector.label)
    try:
        record = _record(found)
    except _MALFORMED as error:
        raise BundleError(
            f"{found.model} version {found.version} describes its inputs wrongly: compile it again", detail=repr(error)
        ) from None
    return matched.route.encode(Form(found.model, found.version, record))


def _record(found: Contents) -> dict[str, Any]:
    signature = found.manifest.signature()
    recorded = _checked(found.recorded, signature)
    return {
        "signature": signature.name,
        "inputs": [_input(spec, found, recorded) for spec in signature.inputs],
        "outputs": [_output(spec) for spec in signature.outputs],
        "examples": list(_examples(found.manifest, recorded)),
        "media_types": media_types(signature) if signature.inputs else [],
        "targets": _targets(signature),
        "device": _device(found.manifest, found.sizes),
    }


def _checked(recorded: Mapping[str, Array], signature: Signature) -> Mapping[str, Array]:
    """Return recorded inputs; empty where they are not of the signature."""
    try:
        validate(recorded, signature.inputs)
    except InvalidInput:
        return {}
    return recorded


def _input(spec: TensorSpec, found: Contents, recorded: Mapping[str, Array]) -> dict[str, Any]:
    kind = kind_of(spec)
    record: dict[str, Any] = {"name": spec.name, "dtype": spec.dtype, "shape": spec.shape}
    if kind.may_be_absent(spec):
        record["optional"] = True
    ranges = _recorded_ranges(spec, recorded.get(spec.name)) | _data_ranges(found)
    shortest = {
        name: Range(shortened(span.low, spec), shortened(span.high, spec), span.source) for name, span in ranges.items()
    }
    return record | kind.field(spec).to_json(shortest)


def _data_ranges(found: Contents) -> dict[str, Range]:
    """Return the range of each column of numbers in the data of the report."""
    return {
        each["name"]: Range(each["min"], each["max"], "report")
        for each in found.features
        if isinstance(each, dict) and isinstance(each.get("min"), float) and isinstance(each.get("max"), float)
    }


def _recorded_ranges(spec: TensorSpec, rows: Array | None) -> dict[str, Range]:
    """Return the range of each column of numbers in the recorded rows."""
    features = kind_of(spec).column_features(spec) or ()
    if rows is None or not spec.batched:
        return {}
    flat = rows.reshape(len(rows), -1)
    columns = {each.name: flat[:, each.start].astype(np.float64) for each in features if each.number}
    finite = {name: column[np.isfinite(column)] for name, column in columns.items()}
    return {
        name: Range(float(column.min()), float(column.max()), "recorded")
        for name, column in finite.items()
        if column.size
    }


def _output(spec: TensorSpec) -> dict[str, Any]:
    record: dict[str, Any] = {"name": spec.name, "dtype": spec.dtype, "shape": spec.shape}
    record |= {"classes": spec.classes[:MOST_CLASSES]} if spec.classes else {}
    record |= {"names": spec.names.file, "count": spec.names.count} if spec.names else {}
    record |= {"boxes": spec.boxes.to_json()} if spec.boxes else {}
    return record | {key: value for key, value in (("scores", spec.scores), ("reasons", spec.reasons)) if value}


def _examples(manifest: Manifest, recorded: Mapping[str, Array]) -> Iterator[Any]:
    """Yield recorded rows as values that a prediction reads as the same rows."""
    signature, size = manifest.signature(), 0
    for row in _rows(signature, recorded):
        try:
            values = {spec.name: kind_of(spec).form_value(row[spec.name], spec) for spec in signature.inputs}
            value = next(iter(values.values())) if len(values) == 1 else values
            body = orjson.dumps({"input": value})
            size += len(body)
            if size > LARGEST_EXAMPLES:
                return
            read = decode_predict(Request("POST", "", body=body), manifest).inputs
        except (LightshipError, *_MALFORMED):
            continue
        if all(_same(read[spec.name], row[spec.name], spec) for spec in signature.inputs):
            yield value


def _rows(signature: Signature, recorded: Mapping[str, Array]) -> Iterator[Mapping[str, Array]]:
    """Yield each recorded row by input; an input without rows is the whole tensor."""
    counts = [len(recorded[spec.name]) for spec in signature.inputs if spec.batched and recorded]
    for index in range(min([*counts, MOST_EXAMPLES]) if recorded else 0):
        yield {spec.name: _row(recorded[spec.name], index, spec) for spec in signature.inputs}
        if not counts:
            return


def _row(array: Array, index: int, spec: TensorSpec) -> Array:
    """Return a row as an array, also where it is one value."""
    return array[index : index + 1].reshape(array.shape[1:]) if spec.batched else array


def _same(read: Array, row: Array, spec: TensorSpec) -> bool:
    """Return whether a tensor is a recorded row, up to the rounding of its dtype."""
    expected = np.asarray(row, spec.numpy)[np.newaxis] if spec.batched else row
    if read.shape != expected.shape:
        return False
    if spec.numpy.kind != "f":
        return bool(np.array_equal(read, expected))
    rounding = 4 * float(np.finfo(spec.numpy).eps)
    largest = float(np.abs(np.nan_to_num(expected)).max(initial=0))
    nearest = rounding * largest + kind_of(spec).form_rounding()
    return np.allclose(read, expected, rtol=rounding, atol=nearest, equal_nan=True)


def _targets(signature: Signature) -> list[str | int] | None:
    """Return the targets of explanations; None where the outputs cannot be explained."""
    try:
        return names_of(explained_output(signature, ()), MOST_CLASSES) if signature.inputs else None
    except InvalidInput:
        return None


def _device(manifest: Manifest, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return the files that run on a device, or why there are none."""
    try:
        device = DeviceModel.from_json(manifest.device)
    except BundleError as error:  # the rest of the form does not need the entry
        return {"reason": error.message}
    if device.file not in manifest.files:
        return {"reason": device.reason or f"the bundle has no {device.file[:40]}"}
    served = [device.file, *(name for name in manifest.files if name.startswith(f"{ASSETS}/") and is_served(name))]
    files = [{"path": name, "bytes": sizes.get(name, 0), "sha256": manifest.files[name]} for name in served]
    return {"files": files}
