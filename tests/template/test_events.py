"""Functions started by files, messages and schedules: code, environment, ledger."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from samcli.lib.providers.provider import Stack
from samcli.lib.providers.sam_function_provider import SamFunctionProvider

from lightship.aws.stack import StackSettings
from lightship.errors import SettingError
from lightship.local.template.wiring import read
from lightship.settings import TransformSettings
from tests.template.evaluated import ROOT, SOURCE, Evaluated, environment, with_bucket

FUNCTIONS = {name: entry for name, entry in SOURCE["Resources"].items() if name.endswith("Function")}
INVOKED = "CompileWorkerFunction"
STARTED = sorted(FUNCTIONS.keys() - {"PredictFunction", INVOKED})
RUN_MODELS = {"ScoreFunction", "RequestsFunction"}
LOCATIONS = {"LIGHTSHIP_BUCKET": "Bucket", "LIGHTSHIP_REGISTRY": "s3://Bucket/models"}
JOBS = {
    "LIGHTSHIP_JOBS_TABLE": "JobsTable",
    "LIGHTSHIP_SPLIT_QUEUE": "SplitQueue",
    "LIGHTSHIP_SCORE_QUEUE": "ScoreQueue",
}
BUS = {"LIGHTSHIP_EVENT_BUS": "default"}
CACHE = {"LIGHTSHIP_CACHE_MB": "1024"}
CODE = {"LIGHTSHIP_TRANSFORMS": ""}
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "268435456"}
ENVIRONMENTS = {
    "CompileFunction": LOCATIONS
    | BUS
    | {
        "AWS_ENDPOINT_URL_LAMBDA": "",
        "LIGHTSHIP_COMPILE_WORKER": INVOKED,
        "LIGHTSHIP_COMPILE_TENANCY": "PER_TENANT",
    },
    "SplitFunction": LOCATIONS | JOBS,
    "ScoreFunction": LOCATIONS | JOBS | CACHE | CODE | KEPT_MEMORY,
    "RequestsFunction": LOCATIONS
    | BUS
    | CACHE
    | CODE
    | {"LIGHTSHIP_DEFAULT_MODEL": "quickstart", "LIGHTSHIP_MEMORY_MB": "512", "LIGHTSHIP_REPLY_QUEUES": "none"},
}
NIGHTLY = {
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleTimezone": "Europe/Zurich",
    "ScheduleModel": "churn",
    "ScheduleInput": "batch/churn/input/nightly/",
}


@pytest.mark.parametrize("name", STARTED)
def test_environment_of_queue_function_names_resources(name: str) -> None:
    assert environment(name, **with_bucket().values) == ENVIRONMENTS[name]


@pytest.mark.parametrize("name", ["PredictFunction", "ScoreFunction", "RequestsFunction", INVOKED])
def test_environment_of_function_with_models_names_transforms(name: str) -> None:
    parameters = with_bucket(Transforms="euros,dates").values
    assert environment(name, **parameters)["LIGHTSHIP_TRANSFORMS"] == "euros,dates"


@pytest.mark.parametrize("names", ["", "euros", "euros,dates_2", "a" * 64, "a" * 65, "Euros", "2x", "_x", "a-b"])
def test_transforms_parameter_accepts_names_of_setting(names: str) -> None:
    try:
        TransformSettings.from_environment({"LIGHTSHIP_TRANSFORMS": names})
    except SettingError:
        accepted = False
    else:
        accepted = True
    assert bool(re.search(SOURCE["Parameters"]["Transforms"]["AllowedPattern"], names)) is accepted


def test_environment_of_api_names_jobs_resources_only_with_bucket() -> None:
    variables = environment("PredictFunction", **with_bucket().values)
    assert {name: variables[name] for name in LOCATIONS | JOBS | CACHE} == LOCATIONS | JOBS | CACHE
    for registry in ("image", "shared-models"):
        variables = environment("PredictFunction", **with_bucket(Registry=registry).values)
        assert {variables[name] for name in ("LIGHTSHIP_BUCKET", *JOBS)} == {""}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised by SAM's dependencies
def test_sam_local_resolves_environment_of_api() -> None:
    """A partly resolved !If would be an object, and the API would assume a stack."""
    functions = SamFunctionProvider([Stack("", "", "template.yaml", {}, SOURCE)], ignore_code_extraction_warnings=True)
    predict = functions.get("PredictFunction")
    assert predict is not None
    variables = predict.environment["Variables"]
    assert variables["LIGHTSHIP_REGISTRY"] == "/var/task/models"
    assert {variables[name] for name in ("LIGHTSHIP_BUCKET", *JOBS)} == {""}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("seconds", "worker"), [(None, 540), ("900", 810)])
def test_sam_local_resolves_worker_timeout(seconds: str | None, worker: int) -> None:
    """SAM looks up strings in a mapping and does not convert a numeric parameter."""
    overrides = {"Registry": "bucket"} | ({"CompileTimeout": seconds} if seconds else {})
    stack = Stack("", "", "template.yaml", overrides, SOURCE)
    function = SamFunctionProvider([stack], ignore_code_extraction_warnings=True).get(INVOKED)
    assert function is not None
    assert function.timeout == worker


def test_recursive_loop_is_allowed_only_for_split_and_score() -> None:
    """They continue by a message to their queue; lightship.jobs.messages limits it."""
    allowed = {name for name, entry in FUNCTIONS.items() if "RecursiveLoop" in entry["Properties"]}
    assert allowed == {"SplitFunction", "ScoreFunction"}
    assert all(FUNCTIONS[name]["Properties"]["RecursiveLoop"] == "Allow" for name in allowed)


# CloudFormation truncates generated names to a service's limit. Explicit names that contain the stack's name, which may
# have 128 characters, must fit.
LONGEST = {"AWS::Logs::LogGroup": 512, "AWS::Serverless::HttpApi": 128}


def test_names_with_longest_stack_name_fit_service_limits() -> None:
    stack = with_bucket(**NIGHTLY, **{"AWS::StackName": "s" * 128})
    for kind, most in LONGEST.items():
        for properties in stack.resources(kind).values():
            assert len(properties.get("LogGroupName") or properties["DefinitionBody"]["info"]["title"]) <= most
    others = {entry["Type"] for entry in SOURCE["Resources"].values()} - LONGEST.keys()
    named = {
        name: value
        for kind in others
        for name, properties in stack.resources(kind).items()
        for key, value in properties.items()
        if key.endswith("Name") and "s" * 128 in str(value)
    }
    assert named == {}


@pytest.mark.parametrize("name", STARTED)
def test_function_is_started_by_queues_only(name: str) -> None:
    assert {event["Type"] for event in FUNCTIONS[name]["Properties"]["Events"].values()} == {"SQS"}
    assert FUNCTIONS[name]["Condition"] == "HasBucket"


def test_compile_worker_has_no_event_source_and_no_resource_names() -> None:
    worker = FUNCTIONS[INVOKED]
    assert worker["Condition"] == "HasBucket"
    assert not {"Events", "VpcConfig", "FunctionUrlConfig", "Layers"} & worker["Properties"].keys()
    assert environment(INVOKED, **with_bucket().values) == {"POWERTOOLS_TRACE_DISABLED": "true"} | CODE
    assert worker["Properties"]["Tracing"] == "Disabled"  # its role may not write traces


def test_compile_worker_is_isolated_per_job() -> None:
    worker = with_bucket().resources("AWS::Serverless::Function")[INVOKED]
    assert worker["TenancyConfig"] == {"TenantIsolationMode": "PER_TENANT"}
    without = with_bucket(CompileTenancy="NONE")
    assert "TenancyConfig" not in without.resources("AWS::Serverless::Function")[INVOKED]
    assert environment("CompileFunction", **without.values)["LIGHTSHIP_COMPILE_TENANCY"] == "NONE"
    dockerfile = (ROOT / FUNCTIONS[INVOKED]["Metadata"]["Dockerfile"]).read_text()
    assert 'ENTRYPOINT ["python", "-m", "lightship.handlers.once", "/tmp"]' in dockerfile


@pytest.mark.parametrize("name", STARTED)
@pytest.mark.parametrize("engine", ["litert", "tensorflow"])
def test_queue_functions_share_image_from_dockerfile_of_predict(name: str, engine: str) -> None:
    of_predict = with_bucket()(FUNCTIONS["PredictFunction"]["Metadata"])
    target = f"{engine if name in RUN_MODELS else 'litert'}-events"
    metadata = with_bucket(Engine=engine)(FUNCTIONS[name]["Metadata"])
    assert metadata == of_predict | {"DockerBuildTarget": target, "DockerTag": target}
    assert FUNCTIONS[name]["Properties"]["ImageConfig"].keys() == {"Command"}


def test_compile_worker_has_own_image() -> None:
    metadata = FUNCTIONS[INVOKED]["Metadata"]
    assert (ROOT / metadata["DockerContext"] / metadata["Dockerfile"]).is_file()
    assert metadata["DockerTag"] != FUNCTIONS["PredictFunction"]["Metadata"]["DockerTag"]
    assert "ImageConfig" not in FUNCTIONS[INVOKED]["Properties"]


def test_every_source_queue_has_example_event() -> None:
    """The last part of a record's eventSourceARN is the queue's logical name."""
    events = [json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")]
    sources = [record.get("eventSourceARN", "") for event in events for record in event.get("Records", [])]
    queues = with_bucket().resources("AWS::SQS::Queue")
    tried = {source.rsplit(":", 1)[-1].removesuffix(".fifo") for source in sources}
    assert tried == {name for name in queues if name.endswith("Queue")}


# The ledger.


def test_jobs_table_is_on_demand_retained_and_recoverable() -> None:
    resource = SOURCE["Resources"]["JobsTable"]
    table = resource["Properties"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert "TableName" not in table


def test_jobs_table_has_job_and_owner_keys() -> None:
    table = SOURCE["Resources"]["JobsTable"]["Properties"]
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    assert types == {"job": "S", "item": "S", "owner": "S", "created": "N"}
    assert keys(table) == {"HASH": "job", "RANGE": "item"}
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "owner"
    assert keys(index) == {"HASH": "owner", "RANGE": "created"}
    assert index["Projection"] == {"ProjectionType": "ALL"}


def keys(entry: dict[str, Any]) -> dict[str, str]:
    return {each["KeyType"]: each["AttributeName"] for each in entry["KeySchema"]}


# The schedule.


def test_schedule_is_off_by_default() -> None:
    assert with_bucket().resources("AWS::Scheduler::Schedule") == {}
    assert with_bucket(**NIGHTLY).resources("AWS::Scheduler::Schedule").keys() == {"Schedule"}
    assert with_bucket(**NIGHTLY, Registry="image").resources("AWS::Scheduler::Schedule") == {}


def test_schedule_sends_run_to_split_queue() -> None:
    schedule = with_bucket(**NIGHTLY).resources("AWS::Scheduler::Schedule")["Schedule"]
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (
        "cron(0 3 * * ? *)",
        "Europe/Zurich",
    )
    assert (schedule["GroupName"], schedule["Name"]) == ("ScheduleGroup", "default")
    target = schedule["Target"]
    assert (target["Arn"], target["RoleArn"]) == ("SplitQueue", "ScheduleRole")
    assert json.loads(target["Input"]) == {
        "schema": 1,
        "run": {
            "model": "churn",
            "input": "s3://Bucket/batch/churn/input/nightly/",
            "schedule": "default",
            "time": "<aws.scheduler.scheduled-time>",
        },
        "correlation": "<aws.scheduler.execution-id>",
    }


# The output Environment.


def output_environment() -> dict[str, str]:
    """Return the variables of the output Environment, as `export` reads them."""
    text = with_bucket()(SOURCE["Outputs"]["Environment"]["Value"])
    return dict(word.split("=", 1) for word in text.split(" "))


def test_output_environment_equals_local_environment() -> None:
    local = read(ROOT / "template.yaml", endpoint="http://127.0.0.1:1", overrides={"Registry": "bucket"})
    assert output_environment().keys() == local.environment.keys()
    names = {name for function in FUNCTIONS for name in environment(function, **with_bucket().values)}
    assert output_environment().keys() - names == {"LIGHTSHIP_QUEUES", "LIGHTSHIP_SCHEDULE_GROUP"}
    assert output_environment().items() >= (LOCATIONS | JOBS).items()
    assert SOURCE["Outputs"]["Environment"]["Condition"] == "HasBucket"


def test_output_environment_has_all_settings_of_command_line() -> None:
    """The shell splits the value at spaces and expands * ? [ and ~."""
    local = read(ROOT / "template.yaml", endpoint="http://127.0.0.1:1", overrides={"Registry": "bucket"})
    settings = StackSettings.from_environment(local.environment)
    assert "" not in {settings.jobs_table, settings.split_queue, settings.score_queue, settings.schedule_group}
    working = {queue.url for queue in local.queues.values() if queue.redrive}
    assert set(settings.queues.values()) == working
    assert list(settings.queues) == ["compile", "split", "score", "requests", "requests-fifo"]
    assert not set("*?[~'\"$`\\") & set("".join(output_environment().values()))


@pytest.mark.parametrize("missing", ["ScheduleModel", "ScheduleInput"])
def test_schedule_without_model_or_input_is_refused(missing: str) -> None:
    rule = SOURCE["Rules"]["ScheduleNeedsAnInput"]
    assert not Evaluated(SOURCE)(rule["RuleCondition"])
    assert Evaluated(SOURCE, **NIGHTLY)(rule["RuleCondition"])
    bucket, both = (assertion["Assert"] for assertion in rule["Assertions"])
    assert not Evaluated(SOURCE, **NIGHTLY)(bucket)
    assert with_bucket(**NIGHTLY)(bucket)
    assert with_bucket(**NIGHTLY)(both)
    assert not with_bucket(**NIGHTLY | {missing: ""})(both)


@pytest.mark.parametrize("name", ["ReplyQueues", "ScheduleExpression", "ScheduleInput"])
def test_parameter_patterns_refuse_malformed_values(name: str) -> None:
    pattern = SOURCE["Parameters"][name]["AllowedPattern"]
    queue = "arn:aws:sqs:eu-west-1:123456789012:replies"
    good = {
        "ReplyQueues": ["none", queue, f"{queue}.fifo"],
        "ScheduleExpression": ["", "rate(1 day)", "cron(0 3 * * ? *)", "at(2026-12-01T03:00:00)"],
        "ScheduleInput": ["", "batch/churn/input/nightly/", "batch/churn/input/rows.csv"],
    }
    bad = {
        "ReplyQueues": ["", "*", "arn:aws:sqs:eu-west-1:123456789012:*", "https://sqs.eu-west-1.amazonaws.com/1/q"],
        "ScheduleExpression": ["daily", "cron", "0 3 * * *"],
        "ScheduleInput": ["s3://bucket/rows.csv", "models/churn/", "batch/churn/output/x", 'batch/c/input/"'],
    }
    assert all(re.search(pattern, value) for value in good[name])
    assert not any(re.search(pattern, value) for value in bad[name])
