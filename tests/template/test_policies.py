"""IAM policies for people who deploy or operate a stack."""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

import pytest

from tests.template.evaluated import ROOT, SOURCE

# Actions with which CloudFormation creates and deletes a resource of a type.
CREATES = {
    "AWS::ApiGatewayV2::Api": {"apigateway:POST", "apigateway:DELETE"},
    "AWS::DynamoDB::Table": {"dynamodb:CreateTable"},
    "AWS::Events::Rule": {"events:PutRule", "events:PutTargets", "events:DeleteRule"},
    "AWS::IAM::Policy": {"iam:PutRolePolicy", "iam:DeleteRolePolicy"},
    "AWS::IAM::Role": {"iam:CreateRole", "iam:DeleteRole", "iam:PassRole"},
    "AWS::Lambda::Permission": {"lambda:AddPermission", "lambda:RemovePermission"},
    "AWS::Logs::LogGroup": {"logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"},
    "AWS::S3::Bucket": {"s3:CreateBucket", "s3:PutLifecycleConfiguration"},
    "AWS::S3::BucketPolicy": {"s3:PutBucketPolicy"},
    "AWS::SQS::Queue": {"sqs:CreateQueue", "sqs:DeleteQueue"},
    "AWS::SQS::QueuePolicy": {"sqs:SetQueueAttributes"},
    "AWS::Scheduler::Schedule": {"scheduler:CreateSchedule", "scheduler:DeleteSchedule"},
    "AWS::Scheduler::ScheduleGroup": {"scheduler:CreateScheduleGroup", "scheduler:DeleteScheduleGroup"},
    "AWS::Serverless::Function": {
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
        "lambda:PutFunctionRecursionConfig",
        "ecr:PutImage",
    },
    "AWS::Serverless::HttpApi": {"apigateway:POST", "logs:CreateLogDelivery"},
}
# Statements with actions that support no resource, and event source mappings, whose condition names the functions.
UNSCOPED = {"ReadTemplates", "ImageRegistryLogin", "AccessLog", "QueuesToFunctions"}


def deployer() -> list[dict[str, Any]]:
    """Return the statements of the policy for deploying."""
    document = json.loads((ROOT / "deploy" / "policies" / "deployer.json").read_text())
    return list(document["Statement"])


def operator() -> list[dict[str, Any]]:
    """Return the statements of the policy for operating."""
    blocks = re.findall(r"^```json\n(.*?)^```$", (ROOT / "docs" / "operate.md").read_text(), re.MULTILINE | re.DOTALL)
    (text,) = (block for block in blocks if "sqs:ReceiveMessage" in block)
    return list(json.loads(text)["Statement"])


def resources(statement: dict[str, Any]) -> list[str]:
    """Return the ARNs of a statement."""
    found = statement["Resource"]
    return [found] if isinstance(found, str) else list(found)


@pytest.mark.parametrize("kind", sorted({entry["Type"] for entry in SOURCE["Resources"].values()}))
def test_deployer_may_create_every_resource_type(kind: str) -> None:
    allowed = {action for statement in deployer() for action in statement["Action"]}
    assert CREATES[kind] <= allowed


def test_deployer_has_wildcards_only_to_read_and_few_unscoped_resources() -> None:
    wild = [action for statement in deployer() for action in statement["Action"] if "*" in action]
    assert all(re.fullmatch(r"\w+:(Get|List|Describe)\*", action) for action in wild)
    assert {statement["Sid"] for statement in deployer() if "*" in resources(statement)} == UNSCOPED


def test_deployer_policy_fits_managed_policy_limit() -> None:
    """IAM does not count white space."""
    text = (ROOT / "deploy" / "policies" / "deployer.json").read_text()
    for word, value in {"REGION": "ap-southeast-2", "ACCOUNT": "123456789012", "STACK": "lightship-staging"}.items():
        text = text.replace(word, value)
    assert len(re.sub(r"\s", "", text)) <= 6144


def test_deployer_attaches_only_tracing_policy_and_passes_roles_to_two_services() -> None:
    conditions = {statement["Sid"]: statement.get("Condition") for statement in deployer()}
    used = {str(arn["Fn::Sub"]) for arn in _managed()}
    assert conditions["TracesOnly"] == {
        "ArnEquals": {"iam:PolicyARN": used.pop().replace("${AWS::Partition}", "aws")},
    }
    assert conditions["RolesForTheStack"] == {
        "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}
    }


def _managed() -> list[dict[str, str]]:
    roles = (entry["Properties"] for entry in SOURCE["Resources"].values() if entry["Type"] == "AWS::IAM::Role")
    return [arn for role in roles for arn in role.get("ManagedPolicyArns", [])]


def test_operator_of_one_stack_reaches_no_other_stacks_queues() -> None:
    queues = [name for name, entry in SOURCE["Resources"].items() if entry["Type"] == "AWS::SQS::Queue"]
    patterns = {arn.rsplit(":", 1)[1] for each in operator() for arn in resources(each) if ":sqs:" in arn}
    for stack, reached in {"lightship": True, "lightship-staging": False, "lightship-prod": False}.items():
        for queue in queues:
            name = f"{stack}-{queue}-AbC123" + (".fifo" if "Fifo" in queue else "")
            assert any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) == reached, name
