"""Proof that credentials have no permissions, tested with real IAM policies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import httpx
import pytest

from lightship.compiler.sandbox.powerless import Credentials, prove
from lightship.compiler.sandbox.unproven import Unproven
from tests.compiler.conftest import ROOT

BUCKET, KEY = "models-bucket", "incoming/churn.keras"
REGION = "us-east-1"


class Account:
    """An AWS account whose users are created before policies are enforced."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._orders: dict[str, Credentials] = {}

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
        make: Any = boto3.client
        return make(service, endpoint_url=self.endpoint, region_name=REGION, **keys)

    def add(self, name: str, actions: list[str], resource: str = "*") -> None:
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if actions:
            statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="actions", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.close()
        self._orders[name] = Credentials(
            BUCKET, KEY, key["AccessKeyId"], key["SecretAccessKey"], "", REGION, endpoint=self.endpoint
        )

    def order(self, name: str) -> Credentials:
        return self._orders[name]


ACTIONS = {
    "admin": ["*"],
    "s3": ["s3:*"],
    "sqs": ["sqs:*"],
    "dynamodb": ["dynamodb:*"],
    "events": ["events:*"],
    "one-event": ["events:PutEvents"],
    "one-read": ["s3:GetObject"],
    "one-write": ["s3:PutObject"],
    "one-list": ["s3:ListBucket"],
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    command = [sys.executable, "-m", "tests.compiler.iam"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    made = Account(server.stdout.readline().strip())
    s3 = made.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"a model")
    s3.close()
    made.add("nothing", [])
    made.add("log", ["logs:CreateLogStream", "logs:PutLogEvents"])
    made.add("compile", ["s3:GetObject"], f"arn:aws:s3:::{BUCKET}/incoming/*")
    for name, actions in ACTIONS.items():
        made.add(name, actions)
    httpx.post(f"{made.endpoint}/moto-api/reset-auth", content=b"0", trust_env=False).raise_for_status()
    yield made
    server.kill()
    server.wait()
    server.stdout.close()


@pytest.mark.parametrize("name", ["nothing", "log"])
def test_prove_credentials_denied_everywhere_passes(account: Account, name: str) -> None:
    prove(account.order(name).to_json())


@pytest.mark.parametrize("name", [*ACTIONS, "compile"])
def test_prove_credentials_with_one_permission_is_unproven(account: Account, name: str) -> None:
    with pytest.raises(Unproven):
        prove(account.order(name).to_json())


@pytest.mark.parametrize("missing", ["access_key", "secret_key", "region"])
def test_prove_without_credentials_is_unproven(account: Account, missing: str) -> None:
    with pytest.raises(Unproven):
        prove(replace(account.order("nothing"), **{missing: ""}).to_json())


@pytest.mark.parametrize("field", ["access_key", "secret_key"])
def test_prove_invalid_credentials_is_unproven(account: Account, field: str) -> None:
    with pytest.raises(Unproven):
        prove(replace(account.order("nothing"), **{field: "AKIAIOSFODNN7EXAMPLE"}).to_json())


def test_prove_unreachable_endpoint_is_unproven(account: Account) -> None:
    with socket.socket() as silent:  # bound, and not listening
        silent.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unproven):
            prove(replace(account.order("nothing"), endpoint=endpoint).to_json())


def test_prove_names_allowed_service_and_operation(account: Account) -> None:
    with pytest.raises(Unproven) as found:
        prove(account.order("sqs").to_json())
    assert "ListQueues" in found.value.reason
    assert "SQS" in found.value.reason


def test_prove_with_all_permissions_changes_nothing(account: Account) -> None:
    with pytest.raises(Unproven):
        prove(account.order("one-write").to_json())
    order = account.order("admin")
    keys = {"aws_access_key_id": order.access_key, "aws_secret_access_key": order.secret_key}
    s3 = boto3.client("s3", endpoint_url=account.endpoint, region_name=REGION, **keys)
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"a model"
    s3.close()


def test_order_reads_lambda_environment_and_hides_secrets() -> None:
    given = {
        "AWS_ACCESS_KEY_ID": "ASIA",
        "AWS_SECRET_ACCESS_KEY": "very-secret",
        "AWS_SESSION_TOKEN": "a-token",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "",
    }
    order = Credentials.of_function(BUCKET, KEY, given)
    assert (order.access_key, order.region, order.endpoint) == ("ASIA", "eu-west-1", "")
    assert "very-secret" not in repr(order)
    assert "a-token" not in repr(order)
    assert Credentials(**order.to_json()) == order
