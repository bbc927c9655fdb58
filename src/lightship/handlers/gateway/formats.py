"""REST API, load balancer and VPC Lattice events, converted to payload 2.0.

Imported at the first event that is not payload 2.0. Adding a format: one function, one entry in :func:`reader_of`, one
file in ``events/``, one test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from lightship.handlers.gateway.events import decoded
from lightship.protocols.http import Request

# The request in an event, without its body, and a ``requestContext`` in the form of payload 2.0.
_Read = tuple[Request, Mapping[str, Any]]


def to_payload_2(event: Any) -> dict[str, Any] | None:
    """Return an event in the form of payload 2.0; None if it is not an HTTP request.

    Its path is decoded. Raises KeyError, TypeError, ValueError or AttributeError for an incomplete event.
    """
    read = reader_of(event) if isinstance(event, dict) else None
    if read is None:
        return None
    request, context = read(event)
    return {
        "rawPath": request.path or "/",
        "rawQueryString": request.query,
        "headers": request.headers,
        "requestContext": {**context, "http": {"method": request.method}},
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded") or event.get("is_base64_encoded"),
    }


def wants_lists(event: Mapping[str, Any]) -> bool:
    """Return whether the service expects lists of header values in the answer."""
    return _is_load_balancer(event) and "multiValueHeaders" in event


def reader_of(event: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], _Read] | None:
    """Return the reader of an event's format; None if it is not an HTTP request."""
    if _is_load_balancer(event):
        return _load_balancer
    if "httpMethod" in event:
        return _payload_1
    context = event.get("requestContext")
    if isinstance(context, dict) and "serviceNetworkArn" in context:
        return _lattice_2
    return _lattice_1 if "raw_path" in event and "method" in event else None


def _is_load_balancer(event: Mapping[str, Any]) -> bool:
    context = event.get("requestContext")
    return isinstance(context, dict) and "elb" in context


def _payload_1(event: Mapping[str, Any]) -> _Read:
    """Read payload 1.0: a REST API leaves the path encoded, an HTTP API decodes it.

    ``path`` is without the stage.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    context = event.get("requestContext") or {}
    path = event["path"] if event.get("version") == "1.0" else decoded(event["path"])
    many = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    headers = _joined(event.get("multiValueHeaders") or event.get("headers") or {})
    context = {"requestId": context.get("requestId", ""), "authorizer": _authorizer(context)}
    return Request(event["httpMethod"], path, urlencode(many, doseq=True), headers), context


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


def _load_balancer(event: Mapping[str, Any]) -> _Read:
    """Read an Application Load Balancer's event, whose path and query are encoded.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    """
    headers = _joined(event["multiValueHeaders"] if "multiValueHeaders" in event else event.get("headers") or {})
    pairs = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    query = "&".join(f"{name}={value}" for name, values in pairs.items() for value in _list(values))
    return Request(event["httpMethod"], decoded(event["path"]), query, headers), {}


def _lattice_2(event: Mapping[str, Any]) -> _Read:
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
    return Request(event["method"], decoded(path), query, headers), context


def _lattice_1(event: Mapping[str, Any]) -> _Read:
    """Read VPC Lattice's event structure 1.0, which has the query in ``raw_path``."""
    path, _, query = event["raw_path"].partition("?")
    headers = _joined(event.get("headers") or {})
    return Request(event["method"], decoded(path), query, headers), {}


def _joined(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): ", ".join(_list(values)) for name, values in headers.items()}


def _list(values: Any) -> Iterable[Any]:
    return values if isinstance(values, list) else [values]
