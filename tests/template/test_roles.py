"""Exact permissions of every role; an ARN is the resource's logical name."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from typing import Any

import pytest

from tests.template.evaluated import SOURCE, with_bucket

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
CONSUME = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
TABLE = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}
GET, GET_VERSION, PUT, LIST, SEND = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:ListBucket",
    "sqs:SendMessage",
)
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"
REPLIES = "arn:aws:sqs:eu-west-1:123456789012:replies"

PERMISSIONS = {
    "PredictRole": {
        "PredictLogs": LOGS,
        "SplitQueue": {SEND},
        "ScoreQueue": {SEND},
        "Bucket": {LIST},
        "Bucket/models/*": {GET},
        "Bucket/uploads/*": {GET, PUT, "s3:ListMultipartUploadParts"},
        "Bucket/batch/*/output/*": {GET},
        "JobsTable": TABLE,
        "JobsTable/index/owner": {"dynamodb:Query"},
    },
    "CompileRole": {
        "CompileLogs": LOGS,
        "CompileQueue": CONSUME,
        "Bucket": {LIST},
        "Bucket/incoming/*": {GET, GET_VERSION},
        "Bucket/incoming/*.report.json": {PUT},
        "Bucket/models/*": {GET},
        "Bucket/models/*/*/*": {PUT},
        "Bucket/models/*/state.json": {PUT},
        "Bucket/models/index.json": {PUT},
        "Bucket/quarantine/*": {GET, PUT},
        "CompileWorkerFunction": {"lambda:InvokeFunction"},
        BUS: {"events:PutEvents"},
    },
    "CompileWorkerRole": {"CompileWorkerLogs": LOGS},
    "SplitRole": {
        "SplitLogs": LOGS,
        "SplitQueue": {*CONSUME, SEND},
        "ScoreQueue": {SEND},
        "Bucket": {LIST},
        "Bucket/batch/*/input/*": {GET, GET_VERSION},
        "Bucket/uploads/*": {GET, GET_VERSION},
        "Bucket/models/*/state.json": {GET},
        "Bucket/models/*/manifest.json": {GET},
        "Bucket/batch/*/output/*/failure.json": {GET, PUT},
        "Bucket/scratch/*": {GET, PUT},
        "JobsTable": TABLE,
    },
    "ScoreRole": {
        "ScoreLogs": LOGS,
        "ScoreQueue": {*CONSUME, SEND},
        "Bucket": {LIST},
        "Bucket/batch/*/input/*": {GET, GET_VERSION},
        "Bucket/uploads/*": {GET, GET_VERSION},
        "Bucket/models/*": {GET},
        "Bucket/scratch/*": {GET, PUT},
        "Bucket/batch/*/output/*": {GET, PUT, "s3:ListMultipartUploadParts"},
        "JobsTable": TABLE,
    },
    "RequestsRole": {
        "RequestsLogs": LOGS,
        "RequestsQueue": CONSUME,
        "RequestsFifoQueue": CONSUME,
        "Bucket": {LIST},
        "Bucket/models/*": {GET},
        "Bucket/replies/*": {PUT},
        BUS: {"events:PutEvents"},
    },
    "ScheduleRole": {"SplitQueue": {SEND}, "SplitDeadLetters": {SEND}},
}
LISTED = {
    "PredictRole": ["models/*", "uploads/*"],
    "CompileRole": ["incoming/*", "models/*", "quarantine/*"],
    "SplitRole": ["batch/*/input/*", "models/*", "uploads/*", "scratch/*"],
    "ScoreRole": ["batch/*/input/*", "models/*", "uploads/*", "scratch/*"],
    "RequestsRole": ["models/*"],
}
FUNCTIONS = sorted(PERMISSIONS.keys() - {"ScheduleRole"})
KINDS = {
    "CompileRole": ["Model Published", "Model Refused"],
    "RequestsRole": ["Prediction Made", "Prediction Refused"],
}

every_role = pytest.mark.parametrize("role", PERMISSIONS)
every_function = pytest.mark.parametrize("role", FUNCTIONS)
every_function_with_a_bucket = pytest.mark.parametrize("role", LISTED)


def statements_of(role: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return a role's statements: inline, and of policies attached to it."""
    evaluated = with_bucket(**parameters)
    policies = list(evaluated.resources("AWS::IAM::Role")[role]["Policies"])
    policies += [each for each in evaluated.resources("AWS::IAM::Policy").values() if role in each["Roles"]]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def allowed(role: str, **parameters: Any) -> list[dict[str, Any]]:
    return [statement for statement in statements_of(role, **parameters) if statement["Effect"] == "Allow"]


def permissions(role: str, **parameters: Any) -> dict[str, set[str]]:
    """Return the allowed actions of a role, by resource."""
    found = defaultdict(set)
    for statement in allowed(role, **parameters):
        actions, resources = (
            [value] if isinstance(value, str) else value for value in (statement["Action"], statement["Resource"])
        )
        for resource in resources:
            found[resource.removeprefix("arn:aws:s3:::")] |= set(actions)
    return dict(found)


def conditions(role: str) -> dict[tuple[str, str, str], list[str]]:
    """Return the condition values of a role, by action, operator and key."""
    found = defaultdict(list)
    for each in allowed(role):
        for operator, terms in each.get("Condition", {}).items():
            for name, values in terms.items():
                found[each["Action"], operator, name] += [values] if isinstance(values, str) else values
    return dict(found)


@every_role
def test_role_has_exactly_listed_permissions(role: str) -> None:
    assert permissions(role) == PERMISSIONS[role]


def test_role_tests_cover_every_role() -> None:
    roles = {name for name, entry in SOURCE["Resources"].items() if entry["Type"] == "AWS::IAM::Role"}
    assert roles == PERMISSIONS.keys()


@pytest.mark.parametrize("registry", ["image", "shared-models"])
def test_predict_role_without_own_bucket_only_reads_models(registry: str) -> None:
    """Read only models of a shared bucket; test_bucket.py has the statements."""
    resources = permissions("PredictRole", Registry=registry).keys() - {"PredictLogs"}
    assert resources <= {"shared-models", "shared-models/models/*"}


def test_compile_worker_role_may_only_write_log() -> None:
    role = with_bucket(BucketKey=KEY).resources("AWS::IAM::Role")["CompileWorkerRole"]
    assert "ManagedPolicyArns" not in role
    assert statements_of("CompileWorkerRole", BucketKey=KEY) == [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "CompileWorkerLogs"}
    ]


def test_compile_role_creates_version_files_and_replaces_state_conditionally() -> None:
    denied = {role: [each for each in statements_of(role) if each["Effect"] == "Deny"] for role in PERMISSIONS}
    assert {role: statements for role, statements in denied.items() if statements} == {
        "CompileRole": [
            {
                "Effect": "Deny",
                "Action": PUT,
                "Resource": "Bucket/models/*/*/*",
                "Condition": {"Null": {"s3:if-none-match": "true"}},
            },
            {
                "Effect": "Deny",
                "Action": PUT,
                "Resource": ["Bucket/models/*/state.json", "Bucket/models/index.json"],
                "Condition": {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}},
            },
        ]
    }


@every_role
def test_role_wildcards_are_only_in_object_keys(role: str) -> None:
    assert not [arn for arn in permissions(role) if "*" in arn and not arn.startswith("Bucket/")]


@every_role
def test_role_may_not_delete_objects_or_items(role: str) -> None:
    actions = set().union(*permissions(role).values())
    assert not [action for action in actions if "Delete" in action and action != "sqs:DeleteMessage"]


def test_only_compile_role_may_write_models() -> None:
    written = {
        role: {arn for arn, actions in permissions(role).items() if arn.startswith("Bucket/models/") and PUT in actions}
        for role in PERMISSIONS
    }
    assert [role for role, arns in written.items() if arns] == ["CompileRole"]


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("models/churn/state.json", "Bucket/models/*/state.json"),
        ("models/index.json", "Bucket/models/index.json"),
        ("models/churn/1/manifest.json", "Bucket/models/*/*/*"),
        ("models/churn/1/.claim", "Bucket/models/*/*/*"),
        ("models/churn/1/saved_model/variables/variables.index", "Bucket/models/*/*/*"),
    ],
)
def test_compile_role_version_pattern_excludes_state(key: str, pattern: str) -> None:
    """In IAM, * also matches slashes."""
    arns = [arn for arn, actions in permissions("CompileRole").items() if PUT in actions]
    assert [arn for arn in arns if fnmatch.fnmatchcase(f"Bucket/{key}", arn)] == [pattern]


@every_function_with_a_bucket
def test_role_conditions_restrict_prefixes_and_event_source(role: str) -> None:
    expected = {(LIST, "StringLike", "s3:prefix"): LISTED[role]}
    if BUS in PERMISSIONS[role]:
        expected["events:PutEvents", "StringEquals", "events:source"] = ["lightship"]
    if role in KINDS:
        expected["events:PutEvents", "StringEquals", "events:detail-type"] = KINDS[role]
    assert conditions(role) == expected


@every_function_with_a_bucket
def test_role_uses_kms_key_through_s3_only(role: str) -> None:
    assert permissions(role, BucketKey=KEY) == PERMISSIONS[role] | {KEY: {"kms:Decrypt", "kms:GenerateDataKey"}}
    statement = statements_of(role, BucketKey=KEY)[-1]
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_requests_role_sends_only_to_reply_queues() -> None:
    others = [f"{REPLIES}-1", f"{REPLIES}-2.fifo"]
    expected = PERMISSIONS["RequestsRole"] | {queue: {SEND} for queue in others}
    assert permissions("RequestsRole", ReplyQueues=others) == expected


@every_function
def test_function_role_is_assumed_by_lambda_only(role: str) -> None:
    (statement,) = with_bucket().resources("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }


def test_schedule_role_is_assumed_by_own_schedules_only() -> None:
    (statement,) = with_bucket().resources("AWS::IAM::Role")["ScheduleRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceArn": "ScheduleGroup"}
    }
