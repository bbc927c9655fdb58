"""Test the callers that API Gateway's events identify."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.dispatch.callers import UNKNOWN, caller_of, owner_of

USER = "arn:aws:iam::123456789012:user/ann"
SESSION = "arn:aws:sts::123456789012:assumed-role/scoring/"
ROLE = "arn:aws:sts::123456789012:assumed-role/pool/CognitoIdentityCredentials"


@pytest.mark.parametrize(
    ("authorizer", "caller"),
    [
        ({"iam": {"userArn": USER, "cognitoIdentity": None}}, USER),
        ({"iam": {"userArn": SESSION + "monday"}}, SESSION.rstrip("/")),
        ({"iam": {"userArn": SESSION + "tuesday"}}, SESSION.rstrip("/")),
        ({"iam": {"userArn": ROLE, "cognitoIdentity": {"identityId": "eu-west-1:1-2"}}}, "cognito:eu-west-1:1-2"),
        ({"jwt": {"claims": {"iss": "https://id.example.org", "sub": "ann"}}}, "https://id.example.org#ann"),
        ({"lambda": {"principalId": "ann", "sub": "other"}}, "lambda:ann"),
        ({"lambda": {"sub": "ann"}}, "lambda:ann"),
        ({"lambda": {"sub": 7}}, "lambda:7"),
        ({"lambda": {"principalId": "system"}}, "lambda:system"),
    ],
)
def test_caller_of_authorizer_has_unique_name(authorizer: dict[str, Any], caller: str) -> None:
    assert caller_of({"authorizer": authorizer}) == caller


@pytest.mark.parametrize(
    "authorizer",
    [
        None,
        {},
        {"iam": None},
        {"iam": {"accountId": "123456789012"}},
        {"iam": {"userArn": ROLE, "cognitoIdentity": {"identityPoolId": "eu-west-1:3"}}},
        {"jwt": {"claims": {"iss": "https://id.example.org"}, "scopes": None}},
        {"jwt": {"claims": None}},
        {"lambda": None},
        {"lambda": {"tier": "gold"}},
        {"lambda": {"principalId": 1.8446744073709552e19}},
        {"principalId": "of a REST API"},
    ],
)
def test_caller_without_identity_is_unknown(authorizer: Any) -> None:
    assert caller_of({"authorizer": authorizer}) == UNKNOWN
    assert caller_of({}) == UNKNOWN


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        ("arn:aws:sts::1:assumed-role/Scorer/alice", "arn:aws:sts::1:assumed-role/Scorer"),
        ("arn:aws:sts::1:assumed-role/Scorer/i-0abc", "arn:aws:sts::1:assumed-role/Scorer"),
        ("arn:aws-cn:sts::1:assumed-role/Scorer/alice", "arn:aws-cn:sts::1:assumed-role/Scorer"),
        ("arn:aws:iam::1:user/team/alice", "arn:aws:iam::1:user/team/alice"),
        ("arn:aws:sts::1:federated-user/alice", "arn:aws:sts::1:federated-user/alice"),
        ("arn:aws:iam::1:root", "arn:aws:iam::1:root"),
    ],
)
def test_owner_of_role_session_is_role(arn: str, owner: str) -> None:
    assert owner_of(arn) == owner
