"""Queues, the rules that send to them, and the mappings that receive from them."""

from __future__ import annotations

from typing import Any

import pytest
from moto.events.models import EventPattern

from tests.template.evaluated import SOURCE, with_bucket

QUEUES = with_bucket().resources("AWS::SQS::Queue")
FUNCTIONS = with_bucket().resources("AWS::Serverless::Function")
# By queue: the function that it starts and the batch size.
MAPPED = {
    "CompileQueue": ("CompileFunction", 1),
    "SplitQueue": ("SplitFunction", 1),
    "ScoreQueue": ("ScoreFunction", 1),
    "RequestsQueue": ("RequestsFunction", 10),
    "RequestsFifoQueue": ("RequestsFunction", 10),
}
FILLED = {"IncomingRule": "CompileQueue", "InputRule": "SplitQueue"}

every_queue = pytest.mark.parametrize("name", MAPPED)


def dead_letter_queue(name: str) -> str:
    return name.replace("Queue", "DeadLetters")


def mappings(queue: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the functions that a queue starts, with the mapping's properties."""
    return [
        (name, event["Properties"])
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Properties"].get("Queue") == queue
    ]


def policies(queue: str) -> list[dict[str, Any]]:
    """Return the statements of a queue's only policy."""
    (found,) = (each for each in with_bucket().resources("AWS::SQS::QueuePolicy").values() if queue in each["Queues"])
    return list(found["PolicyDocument"]["Statement"])


def test_stack_without_own_bucket_has_only_predict_function() -> None:
    for registry in ("image", "shared-models"):
        evaluated = with_bucket(Registry=registry)
        assert evaluated.resources("AWS::Serverless::Function").keys() == {"PredictFunction"}
        kinds = {entry["Type"] for entry in SOURCE["Resources"].values()}
        left = {kind for kind in kinds if evaluated.resources(kind)}
        assert not [kind for kind in left if kind.split("::")[1] in {"SQS", "DynamoDB", "Events", "Scheduler", "S3"}]


def test_every_queue_has_function_and_dead_letter_queue() -> None:
    assert QUEUES.keys() == {*MAPPED, *map(dead_letter_queue, MAPPED)}


@every_queue
def test_queue_dead_letter_policy_keeps_messages_two_weeks(name: str) -> None:
    redrive = QUEUES[name]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": dead_letter_queue(name), "maxReceiveCount": 5}
    kept = QUEUES[dead_letter_queue(name)]
    assert kept["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert "RedrivePolicy" not in kept
    # A dead letter's age counts from the first send.
    assert QUEUES[name]["MessageRetentionPeriod"] == 10 * 24 * 3600
    assert kept.get("FifoQueue") == QUEUES[name].get("FifoQueue")


@every_queue
def test_queue_visibility_timeout_is_six_times_function_timeout(name: str) -> None:
    function = MAPPED[name][0]
    parameter = function.replace("Function", "Timeout")
    for seconds in map(int, SOURCE["Parameters"][parameter]["AllowedValues"]):
        evaluated = with_bucket(**{parameter: seconds})
        assert evaluated.resources("AWS::Serverless::Function")[function]["Timeout"] == seconds
        assert evaluated.resources("AWS::SQS::Queue")[name]["VisibilityTimeout"] == 6 * seconds


@pytest.mark.parametrize("seconds", [*map(int, SOURCE["Parameters"]["CompileTimeout"]["AllowedValues"])])
def test_compile_worker_times_out_before_broker(seconds: int) -> None:
    functions = with_bucket(CompileTimeout=seconds).resources("AWS::Serverless::Function")
    worker, broker = (functions[name]["Timeout"] for name in ("CompileWorkerFunction", "CompileFunction"))
    assert worker + 20 <= broker <= 900


@every_queue
def test_mapping_reports_partial_batch_failures(name: str) -> None:
    ((function, mapping),) = mappings(name)
    assert (function, mapping["BatchSize"]) == MAPPED[name]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping.get("MaximumBatchingWindowInSeconds", 0) == 0
    assert "FilterCriteria" not in mapping  # filtered messages would be in no dead-letter queue


@every_queue
def test_mapping_concurrency_is_limited_by_parameter(name: str) -> None:
    parameter = MAPPED[name][0].replace("Function", "Concurrency")
    declared = SOURCE["Parameters"][parameter]
    assert (declared["MinValue"], declared["MaxValue"]) == (2, 1000)  # Lambda's limits, which SAM does not check
    evaluated = with_bucket(**{parameter: 77}).resources("AWS::Serverless::Function")[MAPPED[name][0]]
    scaling = [event["Properties"]["ScalingConfig"] for event in evaluated["Events"].values()]
    assert scaling == [{"MaximumConcurrency": 77}] * len(scaling)
    assert "ReservedConcurrentExecutions" not in evaluated  # a new account has ten in total


@pytest.mark.parametrize("name", QUEUES)
def test_queue_requires_encryption_at_rest_and_in_transit(name: str) -> None:
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
def test_queue_policy_allows_only_matching_rule(name: str) -> None:
    rules = [rule for rule, queue in FILLED.items() if name in {queue, dead_letter_queue(queue)}]
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


def test_fifo_queue_groups_have_independent_throughput() -> None:
    fifo = QUEUES["RequestsFifoQueue"]
    assert fifo["FifoQueue"] is True
    assert (fifo["DeduplicationScope"], fifo["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")
    assert "ContentBasedDeduplication" not in fifo


# Rules.


def matches(rule: str, key: str, **changed: Any) -> bool:
    """Return whether a rule matches the creation of an object."""
    pattern = with_bucket().resources("AWS::Events::Rule")[rule]["EventPattern"]
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": {}} | changed
    event["detail"] = {"bucket": {"name": "Bucket"}, "object": {"key": key}} | event["detail"]
    return bool(EventPattern(None, pattern).matches_event(event))


def test_bucket_sends_events_to_eventbridge() -> None:
    bucket = with_bucket().resources("AWS::S3::Bucket")["Bucket"]
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


@pytest.mark.parametrize("rule", FILLED)
def test_rule_target_has_dead_letter_queue(rule: str) -> None:
    (target,) = with_bucket().resources("AWS::Events::Rule")[rule]["Targets"]
    queue = FILLED[rule]
    assert target == {"Id": "queue", "Arn": queue, "DeadLetterConfig": {"Arn": dead_letter_queue(queue)}}


@pytest.mark.parametrize("suffix", ["keras", "h5", "hdf5", "tflite", "zip", "tar.gz", "tgz", "KERAS", "pkl"])
def test_incoming_rule_matches_every_suffix(suffix: str) -> None:
    assert matches("IncomingRule", f"incoming/churn.v2 & co.{suffix}")
    assert not matches("InputRule", f"incoming/churn.{suffix}")


@pytest.mark.parametrize(
    "key",
    [
        "models/churn/1/model.tflite",
        "other/incoming/churn.keras",
        "churn.keras",
    ],
)
def test_incoming_rule_ignores_other_prefixes(key: str) -> None:
    assert not matches("IncomingRule", key)


@pytest.mark.parametrize("key", ["batch/churn/input/rows.csv", "batch/a.b-c/input/2026/ü + rows.jsonl.gz"])
def test_input_rule_matches_data_files(key: str) -> None:
    assert matches("InputRule", key)
    assert not matches("IncomingRule", key)


@pytest.mark.parametrize(
    "key",
    [
        "batch/churn/output/0123456789abcdef/part-00000.csv",
        "batch/churn/output/0123456789abcdef/errors/part-00000.jsonl",
        "batch/churn/output/0123456789abcdef/receipt.json",
        "uploads/ann/1/rows.csv",
        "scratch/0123456789abcdef/000001",
        "replies/1.json",
        "models/batch/1/model.tflite",
    ],
)
def test_rules_ignore_objects_written_by_jobs(key: str) -> None:
    """Otherwise a job would start another one endlessly."""
    assert not matches("InputRule", key)
    assert not matches("IncomingRule", key)


@pytest.mark.parametrize(
    "changed", [{"source": "custom"}, {"detail-type": "Object Deleted"}, {"detail": {"bucket": {"name": "another"}}}]
)
def test_rules_ignore_other_events(changed: dict[str, Any]) -> None:
    assert not matches("InputRule", "batch/churn/input/rows.csv", **changed)
    assert not matches("IncomingRule", "incoming/churn.keras", **changed)
