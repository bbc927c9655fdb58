"""Lightship's own protocol: ``{"input": …}`` in, predictions out.

NaN and infinities in outputs become ``null``. A body is JSON, or a media type of the input's kind (an image, CSV).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import orjson

from lightship import inputs
from lightship.bundle import Manifest
from lightship.calls import Call, Explained, Health, ModelState, Prediction, Report, Result
from lightship.errors import InvalidInput, LightshipError
from lightship.inputs.rows import all_rows, check_form
from lightship.probabilities import by_class
from lightship.protocols.http import Request, Response, Route, WireProtocol
from lightship.protocols.json import read_object, write
from lightship.protocols.native.catalogue import encode_form, encode_history, encode_model, encode_models, summary
from lightship.protocols.statuses import error_headers, status
from lightship.tensors import MISSING, Array, Signature, TensorSpec, json_type

# Changes of the routing: the last segments of their paths.
CHANGES = ("label", "traffic", "mirror", "rollback")

_FIELDS = frozenset({"input", "inputs", "signature", "outputs"})
_JSON = frozenset({"", "application/json"})


def decode_predict(request: Request, manifest: Manifest) -> Call:
    """Return the call in a request's body.

    Raises InvalidInput, NotFound (signature) or UnsupportedMedia.
    """
    if request.headers.get("content-type", "") not in _JSON and not _is_json(request.media_type):
        return _decode_body(request, manifest.signature())
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        body = None
    if type(body) is not dict:
        body = read_object(request.body)  # it removes a byte-order mark, or raises the error for the client
    if len(body) != 1 or "input" not in body:
        return _decode_fields(body, manifest)
    value, specs = body["input"], manifest.signatures[0].inputs
    if len(specs) == 1 and type(value) is list and type(value[0] if value else None) is not dict:  # most frequent
        try:
            return Call({specs[0].name: inputs.kind_of(specs[0]).decode(value, specs[0])})
        except InvalidInput:
            pass  # decoded again below, which finds the first wrong row
    return Call(_inputs(value, manifest.signatures[0]))


def decode_explain(request: Request, manifest: Manifest) -> Call:
    """Return the call to explain; its parameter ``target`` is that of body or query.

    Raises InvalidInput, NotFound (signature) or UnsupportedMedia.
    """
    from lightship.protocols.explanations import read_target  # imported here: no prediction needs it

    if _is_json(request.media_type):
        body = read_object(request.body)
        target = read_target(request, body.pop("target", None))
        call = _decode_fields(body, manifest)
    else:
        target = read_target(request, None)
        call = _decode_body(request, manifest.signature())
    call.parameters = {"target": target}
    return call


def _decode_fields(body: Mapping[str, Any], manifest: Manifest) -> Call:
    """Return the call in a body of any fields; raises InvalidInput or NotFound."""
    if not body.keys() <= _FIELDS:
        unknown = next(name for name in body if name not in _FIELDS)
        raise InvalidInput(f"the body has an unknown field '{unknown[:80]}': send {{\"input\": ...}}")
    if ("input" in body) == ("inputs" in body):
        raise InvalidInput('the body must have one field "input" with the values to predict for')
    value = body["input"] if "input" in body else body["inputs"]
    name, outputs = body.get("signature"), body.get("outputs", [])
    if name is not None and not isinstance(name, str):
        raise InvalidInput(f'"signature" must be a string, got {json_type(name)}')
    if not isinstance(outputs, list) or not all(isinstance(output, str) for output in outputs):
        raise InvalidInput('"outputs" must be a list of output names')
    if len(set(outputs)) < len(outputs):
        duplicate = next(one for one, other in pairwise(sorted(outputs)) if one == other)
        raise InvalidInput(f"output '{duplicate[:80]}' occurs twice")
    return Call(_inputs(value, manifest.signature(name)), signature=name, outputs=tuple(outputs))


def _is_json(media_type: str) -> bool:
    return media_type in _JSON or media_type.endswith("+json")


def _decode_body(request: Request, signature: Signature) -> Call:
    """Return the call in a body of a media type of the input's kind.

    It can represent NaN and infinity: raises InvalidInput where the input does not take them.
    """
    tensors = inputs.decode_body(request.body, request.media_type, signature, request.media_parameters)
    try:
        for spec in signature.inputs:
            if spec.name in tensors:
                inputs.kind_of(spec).check_values(tensors[spec.name], spec)
    except InvalidInput as error:  # of a CSV: other bodies cannot hold them
        raise error.in_table() from None
    return Call(tensors)


def _inputs(value: Any, signature: Signature) -> dict[str, Array]:
    """Return the value of "input" as tensors.

    It is an object by input name, the only input's value, or a list of objects with one value for each input.
    """
    specs = {spec.name: spec for spec in signature.inputs}
    table = len(specs) == 1 and inputs.kind_of(signature.inputs[0]).named_columns
    if isinstance(value, dict) and value.keys() <= specs.keys() and (value or not table):
        return inputs.decode_by_name(value, signature)
    if len(specs) == 1 and not _names_input(value, signature.inputs[0]):
        ((name, spec),) = specs.items()
        if isinstance(value, dict) and not table and value.keys() != {"b64"}:
            raise InvalidInput(f"there is no input '{next(iter(value), '')[:80]}': the input is '{name}' ({spec})")
        return {name: inputs.decode(value, spec)}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return all_rows(partial(_from_rows, signature=signature), value)
    expected = ", ".join(f"'{spec.name}' ({spec})" for spec in specs.values())
    if isinstance(value, dict):
        unknown = next((name for name in value if name not in specs), "")
        raise InvalidInput(f"there is no input '{unknown[:80]}': the inputs are {expected}")
    raise InvalidInput(f"the model has several inputs: send an object with {expected}, got {json_type(value)}")


def _names_input(value: Any, spec: TensorSpec) -> bool:
    """Return whether rows are objects with the input's value, not its columns."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return False
    kind = inputs.kind_of(spec)
    if kind.named_columns:
        return value[0].keys() == {spec.name} and spec.name not in (kind.columns(spec) or ())
    return value[0].keys() <= {spec.name}


def _from_rows(rows: list[Any], signature: Signature) -> dict[str, Array]:
    """Return a list of objects, each with one value for each input."""
    from lightship.inputs import frames  # imported here: most models have one input

    names = [spec.name for spec in signature.inputs]
    optional = {spec.name for spec in signature.inputs if _may_be_null(spec)}
    check_form(rows)
    for number, row in enumerate(rows):
        if unknown := next((name for name in row if name not in names), None):
            expected = ", ".join(names)
            raise InvalidInput(f"there is no such input: a row needs {expected}", input=unknown[:80], row=number)
        if missing := next((name for name in names if row.get(name) is None and name not in optional), None):
            raise InvalidInput(MISSING, input=missing, row=number)
    tensors = frames.reader(tuple(names), len(names), signature)([[row.get(name) for name in names] for row in rows])
    for spec in signature.inputs:
        inputs.kind_of(spec).check_values(tensors[spec.name], spec)
    return tensors


def _may_be_null(spec: TensorSpec) -> bool:
    """Return whether a row's value of an input may be missing as a whole."""
    kind = inputs.kind_of(spec)
    return kind.may_be_absent(spec) or (kind.nullable and not kind.named_columns)


def encode_values(prediction: Prediction) -> Response:
    """Return the values: the only output's nested list, or an object by output name."""
    outputs: Mapping[str, Any] = prediction.result.outputs
    for spec in prediction.result.signature.outputs:
        if spec.names:
            outputs = _named(prediction.result)
            break
    return Response(200, write(next(iter(outputs.values())) if len(outputs) == 1 else outputs))


def encode_predict(prediction: Prediction) -> Response:
    """Return model, version, predictions, and probabilities by class name or boxes."""
    outputs, shown = prediction.result.outputs, _named(prediction.result)
    values = next(iter(shown.values())) if len(shown) == 1 else shown
    record = {"model": prediction.model, "version": prediction.version, "predictions": values}
    present = [spec for spec in prediction.result.signature.outputs if spec.name in outputs]
    if named := {spec.name: by_class(outputs[spec.name], spec) for spec in present if spec.classes}:
        record["classes"] = named if len(named) > 1 else next(iter(named.values()))
    if any(spec.boxes for spec in present):
        from lightship.boxes import by_box  # imported here: most models have none

        boxes = {spec.name: by_box(outputs[spec.name], spec) for spec in present if spec.boxes}
        record["boxes"] = boxes if len(boxes) > 1 else next(iter(boxes.values()))
    return Response(200, write(record))


def _named(result: Result) -> Mapping[str, Any]:
    """Return the outputs, with names in place of their indices; raises BundleError."""
    found: dict[str, Any] = dict(result.outputs)
    for spec in result.signature.outputs:
        if spec.names and spec.name in found:
            found[spec.name] = spec.names.of(found[spec.name])
    return found


def encode_explain(explained: Explained) -> Response:
    """Return model, version and an explanation of each row."""
    from lightship.protocols.explanations import to_json

    prediction, rows = explained
    record = {"model": prediction.model, "version": prediction.version, "explanations": [*map(to_json, rows)]}
    return Response(200, write(record))


def encode_live(_: Health) -> Response:
    """Return the response to a liveness probe."""
    return Response(200, b'{"status":"live"}')


def encode_ready(health: Health) -> Response:
    """Return the server's readiness.

    200 ``ready``; 200 ``degraded`` where some model failed; 503 ``unavailable`` where no model can be served, and while
    a server loads its models. Unauthenticated clients see no models, and ``ready`` also where some failed.
    """
    failed = any(state.error is not None for state in health.models)
    status = "unavailable" if not health.ready else "degraded" if failed else "ready"
    record = {"status": status, "models": [summary(state) for state in health.models]}
    return Response(200 if health.ready else 503, write(record))


def encode_metrics(text: bytes) -> Response:
    """Return the metrics in Prometheus's text format, version 0.0.4."""
    return Response(200, text, {"content-type": "text/plain; version=0.0.4; charset=utf-8"})


def encode_report(report: Report) -> Response:
    """Return the page, or an object of the version's report and measurements."""
    from lightship.protocols.security import REPORT_POLICY, security_headers  # imported here: no prediction needs it

    if report.page is None:
        fields = {"model": report.model, "version": report.version, "report": report.content}
        response = Response(200, write({**fields, "measurements": report.measurements}))
    else:
        headers = {"content-type": "text/html; charset=utf-8", **security_headers(REPORT_POLICY)}
        response = Response(200, report.page.encode(), headers)
    response.headers["vary"] = "accept"
    return response


def encode_file(response: Response) -> Response:
    """Return the response of the operation ``file``, which is complete."""
    return response


def encode_error(error: LightshipError) -> Response:
    """Return ``{"error": {"code", "message"}}`` with the code's status."""
    body = write({"error": {"code": error.code, "message": error.message}})
    return Response(status(error, "native"), body, error_headers(error))


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """Return the OpenAPI paths of a route.

    The module is imported on first use, because no prediction needs it.
    """
    from lightship.protocols.native import openapi as native_openapi

    return native_openapi.describe(route, models)


def _predict(path: str, encode: Callable[[Prediction], Response]) -> Route:
    return Route("POST", path, "predict", "predict", encode, decode_predict, describe)


def _explain(path: str) -> Route:
    return Route("POST", path, "explain", "explain", encode_explain, decode_explain, describe)


def _read(path: str, operation: str, encode: Callable[[Any], Response], scope: str = "read") -> Route:
    return Route("GET", path, operation, scope, encode, describe=describe)


def _change(end: str) -> Route:
    return Route("POST", f"/models/{{name}}/{end}", "route", "admin", encode_model, describe=describe)


PROTOCOL = WireProtocol(
    name="native",
    routes=(
        _predict("/predict", encode_values),
        _predict("/models/{name}/predict", encode_predict),
        _predict("/models/{name}/versions/{version}/predict", encode_predict),
        _explain("/models/{name}/explain"),
        _explain("/models/{name}/versions/{version}/explain"),
        _read("/models", "models", encode_models),
        _read("/models/{name}", "details", encode_model),
        _read("/models/{name}/form", "form", encode_form),
        _read("/models/{name}/versions/{version}/form", "form", encode_form),
        _read("/models/{name}/history", "history", encode_history),
        *map(_change, CHANGES),
        _read("/models/{name}/report", "report", encode_report),
        _read("/models/{name}/versions/{version}/report", "report", encode_report),
        *(
            _read(f"{model}/{file}", "file", encode_file)
            for model in ("/models/{name}", "/models/{name}/versions/{version}")
            for file in ("model.tflite", "device.tflite", "manifest.json", "assets/{file}")
        ),
        _read("/metrics", "metrics", encode_metrics),
        _read("/health/live", "live", encode_live, scope="open"),
        _read("/health/ready", "ready", encode_ready, scope="open"),
    ),
    error=encode_error,
)
