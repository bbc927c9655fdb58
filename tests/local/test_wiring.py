"""Parts of a template that run locally: this folder's and the repository's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.errors import SettingError
from lightship.local.template.parts import SourceMapping, Wiring
from lightship.local.template.wiring import read
from tests.local.conftest import TEMPLATE

ROOT = Path(__file__).parents[2]
ENDPOINT = "http://127.0.0.1:5555"
URL = f"{ENDPOINT}/123456789012/lightship-local"
ARN = "arn:aws:sqs:us-east-1:123456789012:lightship-local"


@pytest.fixture(scope="module")
def wiring() -> Wiring:
    return read(TEMPLATE, endpoint=ENDPOINT, overrides={"Registry": "bucket"})


def test_read_buckets_queues_rules_and_tables(wiring: Wiring) -> None:
    (bucket,) = wiring.buckets.values()
    assert (bucket.name, bucket.versioned, bucket.events) == ("lightship-local-bucket", True, True)
    queue = wiring.queues["ShoutQueue"]
    assert (queue.url, queue.arn, queue.visibility, queue.fifo) == (f"{URL}-ShoutQueue", f"{ARN}-ShoutQueue", 5, False)
    assert queue.redrive == {"deadLetterTargetArn": f"{ARN}-ShoutDeadLetters", "maxReceiveCount": 2}
    ordered = wiring.queues["OrderedQueue"]
    assert ordered.fifo
    assert ordered.name.endswith(".fifo")
    rule = wiring.rules["ShoutRule"]
    assert rule.pattern["detail"]["bucket"] == {"name": ["lightship-local-bucket"]}
    assert rule.targets == ({"Id": "queue", "Arn": queue.arn},)
    table = wiring.tables["JobsTable"]
    assert table.expires == "expires"
    assert table.definition["GlobalSecondaryIndexes"][0]["IndexName"] == "owner"


def test_read_functions_and_mappings(wiring: Wiring) -> None:
    shout, echo, plain = (wiring.functions[f"{name}Function"] for name in ("Shout", "Echo", "Plain"))
    assert shout.handler == "shout.app.handler"
    assert shout.timeout == 5
    assert shout.environment == {
        "LIGHTSHIP_EVENT_BUS": "default",
        "LIGHTSHIP_BUCKET": "lightship-local-bucket",
        "LIGHTSHIP_REGISTRY": "s3://lightship-local-bucket/models",
        "LIGHTSHIP_SHOUT_QUEUE": f"{URL}-ShoutQueue",
        "LIGHTSHIP_JOBS_TABLE": "lightship-local-JobsTable",
    }
    assert (echo.handler, echo.timeout, echo.memory, echo.http) == ("app.handler", 4, 256, True)
    assert echo.folder == plain.folder == TEMPLATE.parent / "functions" / "echo"
    assert (plain.handler, plain.timeout, plain.http) == ("app.handler", 1, False)
    assert wiring.api == echo
    expected = SourceMapping("ShoutFunction", wiring.queues["ShoutQueue"], 10, 0, reports=True, concurrency=2)
    assert wiring.mappings == (expected,)


def test_read_schedules_and_output_environment(wiring: Wiring) -> None:
    assert wiring.schedule_groups == ("lightship-local",)
    nightly = wiring.schedules["Nightly"]
    assert nightly.name == "nightly"
    assert nightly.definition == {
        "GroupName": "lightship-local",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Zurich",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": f"{ARN}-ShoutQueue",
            "RoleArn": "arn:aws:iam::123456789012:role/lightship-local-SchedulerRole",
            "Input": '{"night":"<aws.scheduler.scheduled-time>","bucket":"lightship-local-bucket"}',
        },
    }
    assert wiring.environment == {
        "LIGHTSHIP_QUEUES": f"shout={URL}-ShoutQueue",
        "LIGHTSHIP_SCHEDULE_GROUP": "lightship-local",
    }


def test_read_excludes_resources_with_false_condition() -> None:
    wiring = read(TEMPLATE, endpoint=ENDPOINT)
    assert not wiring.schedules
    assert not wiring.environment
    assert not wiring.buckets
    assert not wiring.rules
    assert not wiring.mappings
    assert set(wiring.functions) == {"EchoFunction", "PlainFunction"}


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (
            "Arn: !GetAtt ShoutQueue.Arn,",
            "Arn: arn:aws:lambda:x,",
            "ShoutRule",
        ),
        ("Arn: !GetAtt ShoutQueue.Arn\n        RoleArn", "Arn: x\n        RoleArn", "Nightly"),
        ("${Nights}", "${Mornings}", "Environment.*Mornings"),
        ("{Id: queue,", "{Id: queue, Input: '{}',", "ShoutRule.*Input"),
        ("EventPattern:", "EventPattern: !Ref AWS::NoValue\n      Other:", "ShoutRule.*EventPattern"),
        ("Queue: !GetAtt ShoutQueue.Arn", "Queue: nowhere", r"ShoutFunction\.Messages.*nowhere"),
        ("BatchSize: 10", "BatchSize: 11", r"ShoutFunction\.Messages"),
        ("BatchSize: 10", "BatchSize: ten", r"ShoutFunction\.Messages.*'ten'"),
        ("BatchSize: 10", "FilterCriteria: {}", r"ShoutFunction\.Messages.*FilterCriteria"),
        ("Queue: !GetAtt ShoutQueue.Arn", "Queue: !GetAtt OrderedQueue.Arn", r"ShoutFunction\.Messages"),
        ("VisibilityTimeout: !Ref ScoreTimeout", "VisibilityTimeout: 4", "ShoutFunction"),
        ("MaximumConcurrency: !Ref Concurrency", "MaximumConcurrency: 1", "ShoutFunction.*2.*1000"),
        ("Type: SQS\n", "Type: S3\n", r"ShoutFunction\.Messages"),
        ("AWS::Serverless::HttpApi", "AWS::Lambda::EventSourceMapping", "Api"),
        ("LIGHTSHIP_BUCKET: !Ref Bucket", "LIGHTSHIP_BUCKET: !Ref Api", "ShoutFunction.*Api"),
        ("local/functions/echo/Dockerfile", "local/functions/none/Dockerfile", "ShoutFunction"),
    ],
)
def test_read_unsupported_template_names_resource(tmp_path: Path, before: str, after: str, named: str) -> None:
    text = TEMPLATE.read_text()
    assert before in text
    folder = tmp_path / "tests" / "local"
    folder.mkdir(parents=True)
    (folder / "functions").symlink_to(TEMPLATE.parent / "functions")
    window = {"Window": "1"} if "OrderedQueue" in after else {}
    (folder / "template.yaml").write_text(text.replace(before, after))
    with pytest.raises(SettingError, match=named):
        read(folder / "template.yaml", endpoint=ENDPOINT, overrides={"Registry": "bucket", **window})


def test_read_repository_template_has_all_parts() -> None:
    wiring = read(ROOT / "template.yaml", endpoint=ENDPOINT, overrides={"Registry": "bucket"})
    (bucket,) = wiring.buckets.values()
    assert wiring.api is not None
    assert wiring.api.logical == "PredictFunction"
    assert wiring.api.environment["LIGHTSHIP_REGISTRY"] == f"s3://{bucket.name}/models"
    assert {function.folder.parent for function in wiring.functions.values()} == {ROOT / "functions"}
