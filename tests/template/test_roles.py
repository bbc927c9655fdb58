"""Which function may do what, to the letter. An ARN is the resource's logical name here."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from typing import Any

import pytest

from tests.template.decided import SOURCE, with_bucket

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

RIGHTS = {
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
FUNCTIONS = sorted(RIGHTS.keys() - {"ScheduleRole"})
KINDS = {
    "CompileRole": ["Model Published", "Model Refused"],
    "RequestsRole": ["Prediction Made", "Prediction Refused"],
}

every_role = pytest.mark.parametrize("role", RIGHTS)
every_function = pytest.mark.parametrize("role", FUNCTIONS)
every_function_with_a_bucket = pytest.mark.parametrize("role", LISTED)


def stated(role: str, **parameters: Any) -> list[dict[str, Any]]:
    """A role's statements: its own, and those of the policies that name it."""
    decided = with_bucket(**parameters)
    policies = list(decided.resources("AWS::IAM::Role")[role]["Policies"])
    policies += [each for each in decided.resources("AWS::IAM::Policy").values() if role in each["Roles"]]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def allowed(role: str, **parameters: Any) -> list[dict[str, Any]]:
    return [statement for statement in stated(role, **parameters) if statement["Effect"] == "Allow"]


def rights(role: str, **parameters: Any) -> dict[str, set[str]]:
    """What a role may do, by resource."""
    found = defaultdict(set)
    for statement in allowed(role, **parameters):
        actions, resources = (
            [value] if isinstance(value, str) else value for value in (statement["Action"], statement["Resource"])
        )
        for resource in resources:
            found[resource.removeprefix("arn:aws:s3:::")] |= set(actions)
    return dict(found)


def conditions(role: str) -> dict[tuple[str, str, str], list[str]]:
    """What must be one of what, by action and operator: of all statements together."""
    found = defaultdict(list)
    for each in allowed(role):
        for operator, terms in each.get("Condition", {}).items():
            for name, values in terms.items():
                found[each["Action"], operator, name] += [values] if isinstance(values, str) else values
    return dict(found)


@every_role
def test_it_may_do_this_and_nothing_else(role: str) -> None:
    assert rights(role) == RIGHTS[role]


def test_no_role_is_left_out() -> None:
    roles = {name for name, entry in SOURCE["Resources"].items() if entry["Type"] == "AWS::IAM::Role"}
    assert roles == RIGHTS.keys()


@pytest.mark.parametrize("registry", ["image", "shared-models"])
def test_without_queues_the_api_may_read_models_and_nothing_else(registry: str) -> None:
    """Where there are any in a bucket; tests/template/test_bucket.py has the statements."""
    resources = rights("PredictRole", Registry=registry).keys() - {"PredictLogs"}
    assert resources <= {"shared-models", "shared-models/models/*"}


def test_what_opens_model_files_may_write_its_log_and_nothing_else() -> None:
    role = with_bucket(BucketKey=KEY).resources("AWS::IAM::Role")["CompileWorkerRole"]
    assert "ManagedPolicyArns" not in role
    assert stated("CompileWorkerRole", BucketKey=KEY) == [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "CompileWorkerLogs"}
    ]


def test_compile_role_creates_files_of_versions_and_replaces_only_a_state_that_it_read() -> None:
    denied = {role: [each for each in stated(role) if each["Effect"] == "Deny"] for role in RIGHTS}
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
                "Resource": "Bucket/models/*/state.json",
                "Condition": {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}},
            },
        ]
    }


@every_role
def test_only_keys_of_objects_are_patterns(role: str) -> None:
    assert not [arn for arn in rights(role) if "*" in arn and not arn.startswith("Bucket/")]


@every_role
def test_nobody_deletes_an_object_or_an_item(role: str) -> None:
    actions = set().union(*rights(role).values())
    assert not [action for action in actions if "Delete" in action and action != "sqs:DeleteMessage"]


def test_only_what_compiles_may_write_a_model() -> None:
    written = {
        role: {arn for arn, actions in rights(role).items() if arn.startswith("Bucket/models/") and PUT in actions}
        for role in RIGHTS
    }
    assert [role for role, arns in written.items() if arns] == ["CompileRole"]


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("models/churn/state.json", "Bucket/models/*/state.json"),
        ("models/churn/1/manifest.json", "Bucket/models/*/*/*"),
        ("models/churn/1/.claim", "Bucket/models/*/*/*"),
        ("models/churn/1/saved_model/variables/variables.index", "Bucket/models/*/*/*"),
    ],
)
def test_compile_role_pattern_of_versions_does_not_cover_a_state(key: str, pattern: str) -> None:
    """In IAM a * matches slashes, too."""
    arns = [arn for arn, actions in rights("CompileRole").items() if PUT in actions]
    assert [arn for arn in arns if fnmatch.fnmatchcase(f"Bucket/{key}", arn)] == [pattern]


@every_function_with_a_bucket
def test_it_lists_what_it_may_read_and_sends_events_under_its_own_name(role: str) -> None:
    expected = {(LIST, "StringLike", "s3:prefix"): LISTED[role]}
    if BUS in RIGHTS[role]:
        expected["events:PutEvents", "StringEquals", "events:source"] = ["lightship"]
    if role in KINDS:
        expected["events:PutEvents", "StringEquals", "events:detail-type"] = KINDS[role]
    assert conditions(role) == expected


@every_function_with_a_bucket
def test_a_key_of_yours_is_used_through_s3_alone(role: str) -> None:
    assert rights(role, BucketKey=KEY) == RIGHTS[role] | {KEY: {"kms:Decrypt", "kms:GenerateDataKey"}}
    statement = stated(role, BucketKey=KEY)[-1]
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_answers_go_to_the_queues_that_are_named_and_to_no_other() -> None:
    others = [f"{REPLIES}-1", f"{REPLIES}-2.fifo"]
    expected = RIGHTS["RequestsRole"] | {queue: {SEND} for queue in others}
    assert rights("RequestsRole", ReplyQueues=others) == expected


@every_function
def test_lambda_alone_takes_the_role_of_a_function(role: str) -> None:
    (statement,) = with_bucket().resources("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }


def test_schedules_of_this_stack_alone_take_the_role_of_schedules() -> None:
    (statement,) = with_bucket().resources("AWS::IAM::Role")["ScheduleRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceArn": "ScheduleGroup"}
    }
