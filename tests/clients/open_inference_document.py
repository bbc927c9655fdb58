"""The protocol's OpenAPI document, reconstructed from the generated client.

Every method of the client is called over a transport that records requests, which gives the paths; its type hints give
the schemas, and the statuses for which it has specific errors are the documented ones. Run by its own Python:
``python open_inference_document.py EXAMPLE`` prints the document; EXAMPLE is the JSON of a valid request.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any, get_type_hints

import httpx
from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.core.api_error import ApiError
from open_inference.openapi.types import InferenceRequest, MetadataModelErrorResponse

REFERENCE = "#/components/schemas/{model}"


def document(example: Any) -> dict[str, Any]:
    """Return the document: an operation for each method, and a schema for each type."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for name, method in inspect.getmembers(OpenInferenceClient, inspect.isfunction):
        if not name.startswith("_"):
            path, verb, operation = described(name, method, example, schemas)
            paths.setdefault(path, {})[verb] = operation
    info = {"title": "Open Inference Protocol", "version": "2"}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": {"schemas": schemas}}


def described(
    name: str, method: Callable[..., Any], example: Any, schemas: dict[str, Any]
) -> tuple[str, str, dict[str, Any]]:
    hints = get_type_hints(method)
    answer, body = hints.pop("return"), hints.pop("request", None)
    sent, statuses = probed(name, {each: each.upper() for each in hints}, body)
    path = "/".join(f"{{{part}}}" if part.lower() in hints else part for part in sent.url.path.split("/"))
    responses = {"200": content(answer, schemas)}
    for status in statuses:
        responses[str(status)] = content(MetadataModelErrorResponse if status == 400 else type(None), schemas)
    named = {"in": "path", "required": True, "schema": {"type": "string"}}
    operation: dict[str, Any] = {
        "operationId": name,
        "parameters": [{"name": each.upper(), **named} for each in hints],
        "responses": responses,
    }
    if body is not None:
        operation["requestBody"] = {"required": True, **content(body, schemas)}
        operation["requestBody"]["content"]["application/json"]["example"] = example
    return path, sent.method.lower(), operation


def probed(name: str, arguments: dict[str, str], body: Any) -> tuple[httpx.Request, list[int]]:
    """Return the request of a call, and the statuses with specific errors.

    Each status is answered once.
    """
    sent: list[httpx.Request] = []
    documented: list[int] = []
    options = {"request": InferenceRequest(inputs=[])} if body is not None else {}
    for status in (400, 404, 500, 503):

        def refuse(request: httpx.Request, status: int = status) -> httpx.Response:
            sent.append(request)
            return httpx.Response(status, json={"error": ""})

        with httpx.Client(transport=httpx.MockTransport(refuse)) as transport:
            client = OpenInferenceClient(base_url="http://server", httpx_client=transport)
            try:
                getattr(client, name)(**arguments, **options)
            except ApiError as error:
                if type(error) is not ApiError:
                    documented.append(status)
    return sent[0], documented


def content(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a body of one of the client's types, and add its schemas to ``schemas``."""
    if kind is type(None):
        return {"description": ""}
    schema = kind.schema(ref_template=REFERENCE)
    schemas.update(schema.pop("definitions", {}))
    schemas[kind.__name__] = schema
    reference = {"$ref": REFERENCE.format(model=kind.__name__)}
    return {"description": "", "content": {"application/json": {"schema": reference}}}


if __name__ == "__main__":
    print(json.dumps(document(json.loads(sys.argv[1]))))
