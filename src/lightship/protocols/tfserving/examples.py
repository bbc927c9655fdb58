"""``:classify`` and ``:regress`` of TensorFlow Serving.

A request has examples of named features. TensorFlow Serving packs the features into serialised tf.Example messages that
the graph parses. Where the signature's only input takes such messages, this module does the same. Other signatures take
tensors, and a feature becomes the input of its name. Reference: util/json_tensor.cc, servables/tensorflow/classifier.cc
and regressor.cc of TensorFlow Serving.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from lightship.bundle import Manifest
from lightship.calls import Call, Prediction, Result
from lightship.errors import InvalidInput
from lightship.inputs import kind_of
from lightship.probabilities import probabilities
from lightship.protocols.http import Request, Response
from lightship.protocols.json import number, text, write
from lightship.protocols.tfserving.json import json_type, read_object, shown
from lightship.protocols.tfserving.predict import signature_of
from lightship.protocols.tfserving.tensors import is_base64, shape_text, stack
from lightship.tensors import Array, Signature, TensorSpec

Features = dict[str, list[Any]]

# Types of a feature's values that need no check of each value.
_PLAIN: tuple[set[type], ...] = ({float}, {str})

_BATCH_CLASSES = "Expected Tensor shape: [batch_size num_classes] but got "
_SERIALIZED = (
    "the signature '{}' takes serialized tf.Example messages, which this server cannot make: use :predict with the "
    'messages as {{"b64": ...}}, or compile a signature with one input for each feature'
)


def decode_classify(request: Request, manifest: Manifest) -> Call:
    """Return the call in a request's examples, for the classes and scores.

    Raises InvalidInput.
    """
    body = read_object(request.body)
    signature = signature_of(body, manifest)
    return Call(_convert(body, signature), signature=signature.name, outputs=classify_outputs(signature))


def decode_regress(request: Request, manifest: Manifest) -> Call:
    """Return the call in a request's examples, for the output with the values.

    Raises InvalidInput.
    """
    body = read_object(request.body)
    signature = signature_of(body, manifest)
    return Call(_convert(body, signature), signature=signature.name, outputs=regress_outputs(signature))


def classify_outputs(signature: Signature) -> tuple[str, ...]:
    """Return the outputs named classes and scores, or the only one with class names.

    Raises InvalidInput.
    """
    names = tuple(spec.name for spec in signature.outputs if spec.name in ("classes", "scores"))
    with_classes = tuple(spec.name for spec in signature.outputs if spec.classes)
    if names or len(with_classes) == 1:
        return names or with_classes
    raise InvalidInput(
        'Expected classification signature outputs to contain at least one of "classes" or "scores". '
        f"Signature was: {signature.name}"
    )


def regress_outputs(signature: Signature) -> tuple[str, ...]:
    """Return the output named outputs, or the only one; raises InvalidInput."""
    names = tuple(spec.name for spec in signature.outputs)
    if "outputs" not in names and len(names) != 1:
        raise InvalidInput(f"No regression outputs found in SignatureDef: {signature.name}")
    return ("outputs",) if "outputs" in names else names


def _convert(body: dict[str, Any], signature: Signature) -> dict[str, Array]:
    """Return the examples as inputs.

    The first of several is converted alone first, because a fault is usually in all of them.
    """
    examples = _examples(body)
    first = list(islice(examples, 1))
    rest = list(islice(examples, 1))
    if rest:
        _inputs(first, signature)
    return _inputs([*first, *rest, *examples], signature)


def _examples(body: dict[str, Any]) -> Iterator[Features]:
    """Return the examples with the context's features added to each.

    An example's own features take precedence.
    """
    context = _example(body["context"]) if "context" in body else {}
    if "examples" not in body:
        raise InvalidInput(
            f"JSON Value: {shown(body)} When method is classify, key 'examples' is expected and was not found"
        )
    examples = body["examples"]
    if not isinstance(examples, list):
        raise InvalidInput(f"JSON Value: {shown(body)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise InvalidInput(f"JSON Value: {shown(body)} 'examples' value is an empty array")
    return (context | _example(example) for example in examples)


def _example(value: Any) -> Features:
    if not isinstance(value, dict):
        raise InvalidInput(f"Example must be JSON object but got JSON {json_type(value)}")
    return {name: _feature(name, item if isinstance(item, list) else [item]) for name, item in value.items()}


def _feature(name: str, values: list[Any]) -> list[Any]:
    """Return a feature's values, all of one type of tf.Example.

    The types are bytes, float and int64; booleans become integers.
    """
    if set(map(type, values)) in _PLAIN:
        return values
    types = [_feature_type(name[:80], value) for value in values]
    if any(kind != types[0] for kind in types):
        raise InvalidInput(f"Unexpected element type in feature: {name[:80]} expecting type: {types[0]}")
    return [int(value) if isinstance(value, bool) else value for value in values]


def _feature_type(name: str, value: Any) -> str:
    if isinstance(value, str) or is_base64(value):
        return "bytes"
    if isinstance(value, float):
        return "float"
    if not isinstance(value, int):
        raise InvalidInput(f"Feature: {name} has element with unexpected JSON type: {json_type(value)}")
    if value >= 2**63:
        raise InvalidInput(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    return "int64"


def _inputs(examples: list[Features], signature: Signature) -> dict[str, Array]:
    if len(signature.inputs) == 1:
        (spec,) = signature.inputs
        if (array := kind_of(spec).decode_features(examples, spec)) is not None:
            return {spec.name: array}
        if spec.dtype == "string" and not any(spec.name in example for example in examples):
            raise InvalidInput(_SERIALIZED.format(signature.name))
    return {spec.name: _input(examples, spec) for spec in signature.inputs}


def _input(examples: list[Features], spec: TensorSpec) -> Array:
    for index, example in enumerate(examples):
        if spec.name not in example and not kind_of(spec).may_be_absent(spec):
            raise InvalidInput(
                f"Feature: {spec.name} (data type: {spec.dtype}) is required but could not be found in example {index}."
            )
    sizes = spec.row_shape
    if len(sizes) <= 1:
        found = (example.get(spec.name) for example in examples)
        values = [values if sizes or values is None else _single(values, spec) for values in found]
        return stack(_booleans(values, spec), spec)
    flat = stack(_booleans([example[spec.name] for example in examples], spec), spec)
    if None in sizes or flat.size != len(examples) * math.prod(size or 0 for size in sizes):
        raise InvalidInput(
            f"Feature: {spec.name} must have the {spec} input's values for one row, got {flat.shape[-1]}"
        )
    return flat.reshape(len(examples), *(size or 0 for size in sizes))


def _single(values: list[Any], spec: TensorSpec) -> Any:
    if len(values) != 1:
        raise InvalidInput(f"Feature: {spec.name} must have one value in each example, got {len(values)}")
    return values[0]


def _booleans(values: list[Any], spec: TensorSpec) -> list[Any]:
    """Return values with 0 and 1 as booleans for a boolean input.

    tf.Example has no booleans.
    """
    if spec.dtype != "bool":
        return values
    return [
        [bool(item) if item in (0, 1) else item for item in value]
        if isinstance(value, list)
        else bool(value)
        if value in (0, 1)
        else value
        for value in values
    ]


def encode_classify(prediction: Prediction) -> Response:
    """Return ``{"results": [[[label, score], …], …]}``, a list of pairs per example.

    Raises InvalidInput.
    """
    labels, scores = _labels_and_scores(prediction.result)
    if not len(scores):
        raise InvalidInput("Cannot convert empty ClassificationResults to JSON")
    pairs = [
        [[label, number(score)] for label, score in zip(row, values, strict=True)]
        for row, values in zip(labels, scores, strict=True)
    ]
    return Response(200, write({"results": pairs}))


def _labels_and_scores(result: Result) -> tuple[list[list[Any]], Array]:
    """Return a label and a score for each example and class.

    Where the model has no tensor for one of them, it is "" or 0.
    """
    specs = {spec.name: spec for spec in result.signature.outputs}
    outputs = {name: _matrix(array) for name, array in result.outputs.items()}
    classes = outputs.get("classes")
    scores = next((array for name, array in outputs.items() if name != "classes"), None)
    if classes is not None and classes.dtype != np.object_:
        raise InvalidInput(f"Expected classes Tensor of DT_STRING. Got: {classes.dtype}")
    if scores is not None and scores.dtype.kind != "f":
        raise InvalidInput(f"Expected scores Tensor of DT_FLOAT. Got: {scores.dtype}")
    if classes is not None:
        scores = np.zeros(classes.shape, np.float32) if scores is None else scores
        if classes.shape != scores.shape:
            raise InvalidInput(
                f"Tensors class and score should match in dim_size(1). Got {classes.shape[1]} vs. {scores.shape[1]}"
            )
        return [[text(label) for label in row] for row in classes.tolist()], scores
    assert scores is not None  # noqa: S101 - classify_outputs() chose at least one
    spec = specs[next(iter(result.outputs))]
    names = list(spec.classes)
    if names and spec.name != "scores":
        with np.errstate(invalid="ignore", over="ignore"):  # infinite logits are valid here, their softmax is NaN
            scores = probabilities(scores, spec)
    if len(names) != scores.shape[1]:
        names = [""] * scores.shape[1]
    return [names] * len(scores), scores


def _matrix(array: Array) -> Array:
    if array.ndim != 2:
        raise InvalidInput(_BATCH_CLASSES + shape_text(array.shape))
    return array


def encode_regress(prediction: Prediction) -> Response:
    """Return ``{"results": [value, …]}``, one value per example; raises InvalidInput."""
    (array,) = prediction.result.outputs.values()
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != 1):
        raise InvalidInput(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            + shape_text(array.shape)
        )
    if array.dtype.kind != "f":
        raise InvalidInput(f"Expected output Tensor of DT_FLOAT.  Got: {array.dtype}")
    if not len(array):
        raise InvalidInput("Cannot convert empty RegressionResults to JSON")
    return Response(200, write({"results": [number(value) for value in array.reshape(-1)]}))
