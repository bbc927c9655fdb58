"""Queues, the rules that fill them, and the mappings that empty them: what makes that nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from moto.events.models import EventPattern

from tests.template.decided import SOURCE, with_bucket

QUEUES = with_bucket().resources("AWS::SQS::Queue")
FUNCTIONS = with_bucket().resources("AWS::Serverless::Function")
# Which function empties which queue, with how many messages at a time.
MAPPED = {
    "CompileQueue": ("CompileFunction", 1),
    "SplitQueue": ("SplitFunction", 1),
    "ScoreQueue": ("ScoreFunction", 1),
    "RequestsQueue": ("RequestsFunction", 10),
    "RequestsFifoQueue": ("RequestsFunction", 10),
}
FILLED = {"IncomingRule": "CompileQueue", "InputRule": "SplitQueue"}

every_queue = pytest.mark.parametrize("name", MAPPED)


def dead_letters(name: str) -> str:
    return name.replace("Queue", "DeadLetters")


def mappings(queue: str) -> list[tuple[str, dict[str, Any]]]:
    """The functions that a queue starts, and how."""
    return [
        (name, event["Properties"])
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Properties"].get("Queue") == queue
    ]


def policies(queue: str) -> list[dict[str, Any]]:
    """What is said about a queue itself: it can have one policy."""
    (found,) = (each for each in with_bucket().resources("AWS::SQS::QueuePolicy").values() if queue in each["Queues"])
    return list(found["PolicyDocument"]["Statement"])


def test_without_a_bucket_there_is_nothing_to_start() -> None:
    for registry in ("image", "shared-models"):
        decided = with_bucket(Registry=registry)
        assert decided.resources("AWS::Serverless::Function").keys() == {"PredictFunction"}
        kinds = {entry["Type"] for entry in SOURCE["Resources"].values()}
        left = {kind for kind in kinds if decided.resources(kind)}
        assert not [kind for kind in left if kind.split("::")[1] in {"SQS", "DynamoDB", "Events", "Scheduler", "S3"}]


def test_every_queue_has_a_function_and_its_dead_letters() -> None:
    assert QUEUES.keys() == {*MAPPED, *map(dead_letters, MAPPED)}


@every_queue
def test_what_fails_five_times_is_kept_for_two_weeks(name: str) -> None:
    redrive = QUEUES[name]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": dead_letters(name), "maxReceiveCount": 5}
    kept = QUEUES[dead_letters(name)]
    assert kept["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert "RedrivePolicy" not in kept
    # A dead letter's age counts from when it was first sent.
    assert QUEUES[name]["MessageRetentionPeriod"] == 10 * 24 * 3600
    assert kept.get("FifoQueue") == QUEUES[name].get("FifoQueue")


@every_queue
def test_a_message_stays_hidden_for_six_times_the_timeout(name: str) -> None:
    function = MAPPED[name][0]
    parameter = function.replace("Function", "Timeout")
    for seconds in map(int, SOURCE["Parameters"][parameter]["AllowedValues"]):
        decided = with_bucket(**{parameter: seconds})
        assert decided.resources("AWS::Serverless::Function")[function]["Timeout"] == seconds
        assert decided.resources("AWS::SQS::Queue")[name]["VisibilityTimeout"] == 6 * seconds


@pytest.mark.parametrize("seconds", [*map(int, SOURCE["Parameters"]["CompileTimeout"]["AllowedValues"])])
def test_the_worker_ends_before_the_broker_that_waits_for_it(seconds: int) -> None:
    functions = with_bucket(CompileTimeout=seconds).resources("AWS::Serverless::Function")
    worker, broker = (functions[name]["Timeout"] for name in ("CompileWorkerFunction", "CompileFunction"))
    assert worker + 20 <= broker <= 900


@every_queue
def test_one_bad_message_does_not_send_its_neighbours_back(name: str) -> None:
    ((function, mapping),) = mappings(name)
    assert (function, mapping["BatchSize"]) == MAPPED[name]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping.get("MaximumBatchingWindowInSeconds", 0) == 0
    assert "FilterCriteria" not in mapping  # what a filter drops is in no dead-letter queue


@every_queue
def test_so_many_at_the_same_time_and_no_more(name: str) -> None:
    parameter = MAPPED[name][0].replace("Function", "Concurrency")
    declared = SOURCE["Parameters"][parameter]
    assert (declared["MinValue"], declared["MaxValue"]) == (2, 1000)  # what Lambda takes, and SAM does not check
    decided = with_bucket(**{parameter: 77}).resources("AWS::Serverless::Function")[MAPPED[name][0]]
    scaling = [event["Properties"]["ScalingConfig"] for event in decided["Events"].values()]
    assert scaling == [{"MaximumConcurrency": 77}] * len(scaling)
    assert "ReservedConcurrentExecutions" not in decided  # a new account has ten in all


@pytest.mark.parametrize("name", QUEUES)
def test_messages_are_encrypted_where_they_lie_and_on_the_way(name: str) -> None:
    assert QUEUES[name]["SqsManagedSseEnabled"] is True
    assert "KmsMasterKeyId" not in QUEUES[name]
    assert policies(name)[-1] == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.parametrize("name", QUEUES)
def test_one_rule_may_send_and_no_other_service(name: str) -> None:
    rules = [rule for rule, queue in FILLED.items() if name in {queue, dead_letters(queue)}]
    assert policies(name)[:-1] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        for rule in rules
    ]


def test_groups_of_the_queue_that_keeps_order_do_not_wait_for_each_other() -> None:
    fifo = QUEUES["RequestsFifoQueue"]
    assert fifo["FifoQueue"] is True
    assert (fifo["DeduplicationScope"], fifo["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")
    assert "ContentBasedDeduplication" not in fifo


# What fills them.


def matches(rule: str, key: str, **changed: Any) -> bool:
    """Whether an object that came into the bucket is an event of this rule."""
    pattern = with_bucket().resources("AWS::Events::Rule")[rule]["EventPattern"]
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": {}} | changed
    event["detail"] = {"bucket": {"name": "Bucket"}, "object": {"key": key}} | event["detail"]
    return bool(EventPattern(None, pattern).matches_event(event))


def test_the_bucket_tells_eventbridge() -> None:
    bucket = with_bucket().resources("AWS::S3::Bucket")["Bucket"]
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


@pytest.mark.parametrize("rule", FILLED)
def test_an_event_that_cannot_be_delivered_is_kept(rule: str) -> None:
    (target,) = with_bucket().resources("AWS::Events::Rule")[rule]["Targets"]
    queue = FILLED[rule]
    assert target == {"Id": "queue", "Arn": queue, "DeadLetterConfig": {"Arn": dead_letters(queue)}}


@pytest.mark.parametrize("ending", ["keras", "h5", "hdf5", "tflite", "zip", "tar.gz", "tgz", "KERAS", "pkl"])
def test_a_model_file_is_compiled_and_any_other_is_told_that_it_is_none(ending: str) -> None:
    assert matches("IncomingRule", f"incoming/churn.v2 & co.{ending}")
    assert not matches("InputRule", f"incoming/churn.{ending}")


@pytest.mark.parametrize(
    "key",
    [
        "models/churn/1/model.tflite",
        "elsewhere/incoming/churn.keras",
        "churn.keras",
    ],
)
def test_what_lies_elsewhere_is_not(key: str) -> None:
    assert not matches("IncomingRule", key)


@pytest.mark.parametrize("key", ["batch/churn/input/rows.csv", "batch/a.b-c/input/2026/ü + rows.jsonl.gz"])
def test_a_data_file_is_scored(key: str) -> None:
    assert matches("InputRule", key)
    assert not matches("IncomingRule", key)


@pytest.mark.parametrize(
    "key",
    [
        "batch/churn/output/0123456789abcdef/part-00000.csv",
        "batch/churn/output/0123456789abcdef/errors/part-00000.jsonl",
        "batch/churn/output/0123456789abcdef/receipt.json",
        "uploads/somebody/1/rows.csv",
        "scratch/0123456789abcdef/000001",
        "replies/1.json",
        "models/batch/1/model.tflite",
    ],
)
def test_what_jobs_write_starts_nothing(key: str) -> None:
    """Otherwise a job would start the next one, for ever."""
    assert not matches("InputRule", key)
    assert not matches("IncomingRule", key)


@pytest.mark.parametrize(
    "changed", [{"source": "custom"}, {"detail-type": "Object Deleted"}, {"detail": {"bucket": {"name": "another"}}}]
)
def test_other_events_are_not_ours(changed: dict[str, Any]) -> None:
    assert not matches("InputRule", "batch/churn/input/rows.csv", **changed)
    assert not matches("IncomingRule", "incoming/churn.keras", **changed)
