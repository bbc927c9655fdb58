"""Callers: the identity of a request's sender, from API Gateway's event.

API Gateway writes an authenticated caller to ``requestContext.authorizer``:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html (payload 2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Every client of a server that requires no token is one caller.
ANONYMOUS = "anonymous"

# Every client with the token is one caller.
TOKEN = "token"  # noqa: S105

# A client that API Gateway admits without an identity: it may predict, but cannot own jobs.
UNKNOWN = "unknown"


# Routes of the template's HTTP API that have no authorizer: those of the web application.
PAGE_ROUTES = frozenset({"GET /", "HEAD /", "GET /app/{proxy+}", "GET /service-worker.js"})


def caller_of(context: Mapping[str, Any]) -> str | None:
    """Return the caller named in ``requestContext``.

    Returns None, an unauthenticated client, for the page's routes: a base path or a route of the user could turn a path
    below ``/app/`` into one that needs authentication.

    Returns :data:`UNKNOWN` where the context does not identify one. Otherwise an ARN (AWS_IAM) of a user, or of a role
    regardless of its session; ``cognito:IDENTITY`` (AWS_IAM through an identity pool, whose users share an ARN);
    ``ISSUER#SUBJECT`` (JWT); or ``lambda:PRINCIPAL``, the ``principalId`` or ``sub`` in the context of a Lambda
    authorizer. Only ARNs have no prefix, so that no caller can take another's name.
    """
    if context.get("routeKey") in PAGE_ROUTES:
        return None
    authorizer = context.get("authorizer")
    if not isinstance(authorizer, dict):
        return UNKNOWN
    if isinstance(iam := authorizer.get("iam"), dict) and iam:
        if pool := iam.get("cognitoIdentity"):
            identity = pool.get("identityId")
            return f"cognito:{identity}" if identity else UNKNOWN
        arn = iam.get("userArn") or UNKNOWN
        return owner_of(arn) if ":assumed-role/" in arn else arn
    if isinstance(jwt := authorizer.get("jwt"), dict) and jwt:
        return _jwt(jwt) or UNKNOWN
    answer = authorizer.get("lambda")
    return (_lambda(answer) if isinstance(answer, dict) else "") or UNKNOWN


def owner_of(arn: str) -> str:
    """Return the owner of the jobs of a caller with this ARN.

    Of a role's session, whose name callers choose, the owner is the role: ``arn:aws:sts::1:assumed-role/ROLE/SESSION``
    becomes ``arn:aws:sts::1:assumed-role/ROLE``; every other ARN is returned unchanged.
    """
    kind, separator, rest = arn.partition(":assumed-role/")
    return f"{kind}{separator}{rest.partition('/')[0]}" if separator else arn


def _jwt(jwt: Mapping[str, Any]) -> str:
    claims = jwt.get("claims") or {}
    issuer, subject = claims.get("iss"), claims.get("sub")
    return f"{issuer}#{subject}" if issuer and subject else ""


def _lambda(context: Mapping[str, Any]) -> str:
    principal = context.get("principalId") or context.get("sub")
    # Fractions and integers beyond 64 bits arrive as rounded floats: two callers could have the same one.
    return f"lambda:{principal}" if principal and not isinstance(principal, float) else ""
