"""Who asks, as API Gateway's event names him: whom it has checked, it writes into ``requestContext.authorizer``.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html (payload 2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Everybody who reaches a server that asks for no token: one caller.
ANONYMOUS = "anonymous"

# Everybody who has the token.
TOKEN = "token"  # noqa: S105

# Somebody whom API Gateway lets in without saying who he is: he may predict, and own nothing.
UNKNOWN = "unknown"


def caller_of(context: Mapping[str, Any]) -> str:
    """The caller of an event with this ``requestContext``; :data:`UNKNOWN` where he could not be told from others.

    An ARN (AWS_IAM) of a user, or of a role whatever its session; ``cognito:IDENTITY`` (AWS_IAM through an identity
    pool, whose users share an ARN); ``ISSUER#SUBJECT`` (JWT); or ``lambda:PRINCIPAL``, the ``principalId`` or ``sub``
    in the context of a Lambda authorizer. Only the first has no prefix, so no caller can take the name of another.
    """
    authorizer = context.get("authorizer")
    if not isinstance(authorizer, dict):
        return UNKNOWN
    for kind, name in _NAMES.items():
        if isinstance(found := authorizer.get(kind), dict) and found:
            return name(found) or UNKNOWN
    return UNKNOWN


def _iam(found: Mapping[str, Any]) -> str:
    pool, arn = found.get("cognitoIdentity"), found.get("userArn") or ""
    if pool:
        identity = pool.get("identityId")
        return f"cognito:{identity}" if identity else ""
    return owner_of(arn) if ":assumed-role/" in arn else arn


def owner_of(arn: str) -> str:
    """Return who owns what a caller with this ARN starts: of a role's session, whose name callers choose, the role.

    ``arn:aws:sts::1:assumed-role/ROLE/SESSION`` becomes ``arn:aws:sts::1:assumed-role/ROLE``; every other ARN is kept.
    """
    kind, separator, rest = arn.partition(":assumed-role/")
    return f"{kind}{separator}{rest.partition('/')[0]}" if separator else arn


def _jwt(found: Mapping[str, Any]) -> str:
    claims = found.get("claims") or {}
    issuer, subject = claims.get("iss"), claims.get("sub")
    return f"{issuer}#{subject}" if issuer and subject else ""


def _lambda(found: Mapping[str, Any]) -> str:
    principal = found.get("principalId") or found.get("sub")
    # A number that was no whole one, or too long for one, is rounded: two callers may have the same.
    return f"lambda:{principal}" if principal and not isinstance(principal, float) else ""


_NAMES = {"iam": _iam, "jwt": _jwt, "lambda": _lambda}
