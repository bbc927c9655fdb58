"""Readers of REST API, load balancer and VPC Lattice events.

Imported at the first event that is not payload 2.0. Adding a format: one function, one entry in :func:`reader_of`, one
file in ``events/``, one test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from lightship.handlers.gateway.events import HttpEvent, Reader, decoded, without_prefixes
from lightship.protocols.http import Request


def reader_of(event: Any) -> Reader | None:
    """Return the reader of an event's format; None if it is not an HTTP request."""
    if not isinstance(event, dict):
        return None
    context = event.get("requestContext")
    if isinstance(context, dict) and "elb" in context:
        return load_balancer
    if "httpMethod" in event:
        return payload_1
    if isinstance(context, dict) and "serviceNetworkArn" in context:
        return lattice_2
    return lattice_1 if "raw_path" in event and "method" in event else None


def payload_1(event: Mapping[str, Any], base_path: str) -> HttpEvent:
    """Read payload 1.0: a REST API leaves the path encoded, an HTTP API decodes it.

    ``path`` is without the stage.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    context = event.get("requestContext") or {}
    path = event["path"] if event.get("version") == "1.0" else decoded(event["path"])
    many = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    headers = _joined(event.get("multiValueHeaders") or event.get("headers") or {})
    context = {"requestId": context.get("requestId", ""), "authorizer": _authorizer(context)}
    return _http_event(Request(event["httpMethod"], path, urlencode(many, doseq=True), headers), context, base_path)


def _authorizer(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the authorizer's result in the form of payload 2.0.

    In payload 1.0 each kind of authorizer has its own fields.
    """
    identity, answer = context.get("identity") or {}, context.get("authorizer") or {}
    if isinstance(answer.get("claims"), dict):
        return {"jwt": {"claims": answer["claims"]}}
    if answer.get("principalId"):
        return {"lambda": {"principalId": answer["principalId"]}}
    if identity.get("userArn"):
        pool = {"identityId": identity.get("cognitoIdentityId")} if identity.get("cognitoIdentityPoolId") else None
        return {"iam": {"userArn": identity["userArn"], "cognitoIdentity": pool}}
    return {}


def load_balancer(event: Mapping[str, Any], base_path: str) -> HttpEvent:
    """Read an Application Load Balancer's event, whose path and query are encoded.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    """
    multi_value = "multiValueHeaders" in event
    headers = _joined(event["multiValueHeaders"] if multi_value else event.get("headers") or {})
    pairs = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    query = "&".join(f"{name}={value}" for name, values in pairs.items() for value in _list(values))
    read = _http_event(Request(event["httpMethod"], decoded(event["path"]), query, headers), {}, base_path)
    read.multi_value = multi_value
    return read


def lattice_2(event: Mapping[str, Any], base_path: str) -> HttpEvent:
    """Read VPC Lattice's event structure version 2.0.

    The caller is known if the service's auth type is AWS_IAM.
    https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
    """
    path, _, query = event["path"].partition("?")
    pairs = event.get("queryStringParameters") or {}
    query = query or urlencode({name: _list(values) for name, values in pairs.items()}, doseq=True)
    identity = event["requestContext"].get("identity") or {}
    principal = identity.get("principal") if identity.get("type") == "AWS_IAM" else None
    context = {"authorizer": {"iam": {"userArn": principal}}} if principal else {}
    headers = _joined(event.get("headers") or {})
    return _http_event(Request(event["method"], decoded(path), query, headers), context, base_path)


def lattice_1(event: Mapping[str, Any], base_path: str) -> HttpEvent:
    """Read VPC Lattice's event structure 1.0, which has the query in ``raw_path``."""
    path, _, query = event["raw_path"].partition("?")
    headers = _joined(event.get("headers") or {})
    read = _http_event(Request(event["method"], decoded(path), query, headers), {}, base_path)
    read.encoded = "is_base64_encoded"
    return read


def _http_event(request: Request, context: Mapping[str, Any], base_path: str) -> HttpEvent:
    request.path, root = without_prefixes(request.path or "/", stage=None, base_path=base_path)
    return HttpEvent(request, context, root)


def _joined(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): ", ".join(_list(values)) for name, values in headers.items()}


def _list(values: Any) -> Iterable[Any]:
    return values if isinstance(values, list) else [values]
