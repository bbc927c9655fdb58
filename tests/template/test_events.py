"""Functions that files, messages and the clock start: their code, what they are told, the ledger, the schedule."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
from samcli.lib.providers.provider import Stack
from samcli.lib.providers.sam_function_provider import SamFunctionProvider

from lightship.aws.stack import StackSettings
from lightship.local.template.wiring import read
from tests.template.decided import ROOT, SOURCE, Decided, environment, with_bucket

FUNCTIONS = {name: entry for name, entry in SOURCE["Resources"].items() if name.endswith("Function")}
INVOKED = "CompileWorkerFunction"
STARTED = sorted(FUNCTIONS.keys() - {"PredictFunction", INVOKED})
PLACES = {"LIGHTSHIP_BUCKET": "Bucket", "LIGHTSHIP_REGISTRY": "s3://Bucket/models"}
JOBS = {
    "LIGHTSHIP_JOBS_TABLE": "JobsTable",
    "LIGHTSHIP_SPLIT_QUEUE": "SplitQueue",
    "LIGHTSHIP_SCORE_QUEUE": "ScoreQueue",
}
BUS = {"LIGHTSHIP_EVENT_BUS": "default"}
CACHE = {"LIGHTSHIP_CACHE_MB": "1024"}
TOLD = {
    "CompileFunction": PLACES
    | BUS
    | {
        "AWS_ENDPOINT_URL_LAMBDA": "",
        "LIGHTSHIP_COMPILE_WORKER": INVOKED,
        "LIGHTSHIP_COMPILE_TENANCY": "PER_TENANT",
    },
    "SplitFunction": PLACES | JOBS,
    "ScoreFunction": PLACES | JOBS | CACHE,
    "RequestsFunction": PLACES
    | BUS
    | CACHE
    | {"LIGHTSHIP_DEFAULT_MODEL": "quickstart", "LIGHTSHIP_MEMORY_MB": "512", "LIGHTSHIP_REPLY_QUEUES": "none"},
}
NIGHTLY = {
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleTimezone": "Europe/Zurich",
    "ScheduleModel": "churn",
    "ScheduleInput": "batch/churn/input/nightly/",
}


@pytest.mark.parametrize("name", STARTED)
def test_a_function_is_told_where_things_are(name: str) -> None:
    assert environment(name, **with_bucket().values) == TOLD[name]


def test_the_api_is_told_where_jobs_are_where_there_are_any() -> None:
    told = environment("PredictFunction", **with_bucket().values)
    assert {name: told[name] for name in PLACES | JOBS | CACHE} == PLACES | JOBS | CACHE
    for registry in ("image", "shared-models"):
        told = environment("PredictFunction", **with_bucket(Registry=registry).values)
        assert {told[name] for name in ("LIGHTSHIP_BUCKET", *JOBS)} == {""}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what SAM itself uses
def test_sam_local_reads_the_same() -> None:
    """Half understood, an !If is an object there, and the function would be told that a stack is where none is."""
    functions = SamFunctionProvider([Stack("", "", "template.yaml", {}, SOURCE)], ignore_code_extraction_warnings=True)
    predict = functions.get("PredictFunction")
    assert predict is not None
    told = predict.environment["Variables"]
    assert told["LIGHTSHIP_REGISTRY"] == "/var/task/models"
    assert {told[name] for name in ("LIGHTSHIP_BUCKET", *JOBS)} == {""}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("seconds", "worker"), [(None, 540), ("900", 810)])
def test_sam_local_finds_the_timeout_of_the_worker(seconds: str | None, worker: int) -> None:
    """It looks for texts in a mapping, and does not turn a parameter's number into one."""
    overrides = {"Registry": "bucket"} | ({"CompileTimeout": seconds} if seconds else {})
    stack = Stack("", "", "template.yaml", overrides, SOURCE)
    function = SamFunctionProvider([stack], ignore_code_extraction_warnings=True).get(INVOKED)
    assert function is not None
    assert function.timeout == worker


def test_lambdas_recursion_guard_is_off_only_where_chains_have_a_bound_of_ours() -> None:
    """See lightship.jobs.messages: SplitFunction and ScoreFunction continue their work by a message to themselves."""
    allowed = {name for name, entry in FUNCTIONS.items() if "RecursiveLoop" in entry["Properties"]}
    assert allowed == {"SplitFunction", "ScoreFunction"}
    assert all(FUNCTIONS[name]["Properties"]["RecursiveLoop"] == "Allow" for name in allowed)


# Names of CloudFormation's own making are cut to what a service takes; a stack's name has up to 128 characters.
LONGEST = {"AWS::Logs::LogGroup": 512, "AWS::Serverless::HttpApi": 128}


def test_names_made_of_the_stacks_name_fit_where_they_are_used() -> None:
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
def test_a_queue_starts_it_and_nothing_else(name: str) -> None:
    assert {event["Type"] for event in FUNCTIONS[name]["Properties"]["Events"].values()} == {"SQS"}
    assert FUNCTIONS[name]["Condition"] == "HasBucket"


def test_what_opens_model_files_is_invoked_and_knows_no_resource() -> None:
    worker = FUNCTIONS[INVOKED]
    assert worker["Condition"] == "HasBucket"
    assert not {"Events", "VpcConfig", "FunctionUrlConfig", "Layers"} & worker["Properties"].keys()
    assert environment(INVOKED, **with_bucket().values) == {"POWERTOOLS_TRACE_DISABLED": "true"}
    assert worker["Properties"]["Tracing"] == "Disabled"  # it may not write traces


def test_no_environment_opens_two_model_files() -> None:
    worker = with_bucket().resources("AWS::Serverless::Function")[INVOKED]
    assert worker["TenancyConfig"] == {"TenantIsolationMode": "PER_TENANT"}
    without = with_bucket(CompileTenancy="NONE")
    assert "TenancyConfig" not in without.resources("AWS::Serverless::Function")[INVOKED]
    assert environment("CompileFunction", **without.values)["LIGHTSHIP_COMPILE_TENANCY"] == "NONE"
    dockerfile = (ROOT / FUNCTIONS[INVOKED]["Metadata"]["Dockerfile"]).read_text()
    assert 'ENTRYPOINT ["python", "-m", "lightship.handlers.once", "/tmp"]' in dockerfile


@pytest.mark.parametrize("name", ["CompileFunction", "ScoreFunction", "RequestsFunction"])
@pytest.mark.parametrize("engine", ["litert", "tensorflow"])
def test_what_runs_models_is_one_image_and_the_broker_has_no_tensorflow(name: str, engine: str) -> None:
    of_predict = with_bucket(Engine="litert" if name == "CompileFunction" else engine)
    metadata = with_bucket(Engine=engine)(FUNCTIONS[name]["Metadata"])
    assert metadata == of_predict(FUNCTIONS["PredictFunction"]["Metadata"])
    assert FUNCTIONS[name]["Properties"]["ImageConfig"].keys() == {"Command"}


def test_what_compiles_is_another() -> None:
    metadata = FUNCTIONS[INVOKED]["Metadata"]
    assert (ROOT / metadata["DockerContext"] / metadata["Dockerfile"]).is_file()
    assert metadata["DockerTag"] != FUNCTIONS["PredictFunction"]["Metadata"]["DockerTag"]
    assert "ImageConfig" not in FUNCTIONS[INVOKED]["Properties"]


def test_what_splits_is_a_zip_on_the_layer() -> None:
    split = FUNCTIONS["SplitFunction"]
    layer = SOURCE["Resources"]["LightshipLayer"]
    assert split["Properties"]["Layers"] == [{"Ref": "LightshipLayer"}]
    assert split["Properties"]["Runtime"] in layer["Properties"]["CompatibleRuntimes"]
    assert set(layer["Properties"]["CompatibleArchitectures"]) == set(
        SOURCE["Parameters"]["Architecture"]["AllowedValues"]
    )
    for name, folder in {"SplitFunction": "CodeUri", "LightshipLayer": "ContentUri"}.items():
        resource = SOURCE["Resources"][name]
        assert resource["Metadata"]["BuildMethod"] == "makefile"
        makefile = (ROOT / resource["Properties"][folder] / "Makefile").read_text()
        assert re.search(rf"^build-{name}:", makefile, re.MULTILINE)


def test_a_makefile_may_look_beyond_its_folder() -> None:
    """Otherwise SAM builds in a copy of the folder alone, from where src/lightship cannot be reached."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = [value for value in config.values() if isinstance(value, dict)]
    assert all(each["build"]["parameters"]["build_in_source"] is True for each in environments)


def test_every_queue_that_starts_a_function_has_an_event_to_try_it_with() -> None:
    """The last part of a record's eventSourceARN is the queue's logical name."""
    events = [json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")]
    sources = [record.get("eventSourceARN", "") for event in events for record in event.get("Records", [])]
    queues = with_bucket().resources("AWS::SQS::Queue")
    tried = {source.rsplit(":", 1)[-1].removesuffix(".fifo") for source in sources}
    assert tried == {name for name in queues if name.endswith("Queue")}


# The ledger.


def test_the_ledger_costs_nothing_idle_and_forgets_nothing_by_accident() -> None:
    resource = SOURCE["Resources"]["JobsTable"]
    table = resource["Properties"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert "TableName" not in table


def test_the_ledger_has_the_keys_that_jobs_go_by() -> None:
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


def test_nothing_is_scheduled_unless_said() -> None:
    assert with_bucket().resources("AWS::Scheduler::Schedule") == {}
    assert with_bucket(**NIGHTLY).resources("AWS::Scheduler::Schedule").keys() == {"Schedule"}
    assert with_bucket(**NIGHTLY, Registry="image").resources("AWS::Scheduler::Schedule") == {}


def test_the_schedule_puts_a_run_on_the_queue() -> None:
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


# What a terminal is told.


def told() -> dict[str, str]:
    """The output Environment, as `export` reads it."""
    text = with_bucket()(SOURCE["Outputs"]["Environment"]["Value"])
    return dict(word.split("=", 1) for word in text.split(" "))


def test_the_output_environment_says_what_up_says() -> None:
    local = read(ROOT / "template.yaml", endpoint="http://127.0.0.1:1", overrides={"Registry": "bucket"})
    assert told().keys() == local.environment.keys()
    known = {name for function in FUNCTIONS for name in environment(function, **with_bucket().values)}
    assert told().keys() - known == {"LIGHTSHIP_QUEUES", "LIGHTSHIP_SCHEDULE_GROUP"}
    assert told().items() >= (PLACES | JOBS).items()
    assert SOURCE["Outputs"]["Environment"]["Condition"] == "HasBucket"


def test_the_output_environment_is_all_that_the_command_line_reads() -> None:
    """Split at spaces by a shell that also expands * ? [ and ~, into names that Places and its cloud know."""
    local = read(ROOT / "template.yaml", endpoint="http://127.0.0.1:1", overrides={"Registry": "bucket"})
    places = StackSettings.from_environment(local.environment)
    assert "" not in {places.jobs_table, places.split_queue, places.score_queue, places.schedule_group}
    working = {queue.url for queue in local.queues.values() if queue.redrive}
    assert set(places.queues.values()) == working
    assert list(places.queues) == ["compile", "split", "score", "requests", "requests-fifo"]
    assert not set("*?[~'\"$`\\") & set("".join(told().values()))


@pytest.mark.parametrize("missing", ["ScheduleModel", "ScheduleInput"])
def test_half_a_schedule_is_refused(missing: str) -> None:
    rule = SOURCE["Rules"]["ScheduleNeedsAnInput"]
    assert not Decided(SOURCE)(rule["RuleCondition"])
    assert Decided(SOURCE, **NIGHTLY)(rule["RuleCondition"])
    bucket, both = (assertion["Assert"] for assertion in rule["Assertions"])
    assert not Decided(SOURCE, **NIGHTLY)(bucket)
    assert with_bucket(**NIGHTLY)(bucket)
    assert with_bucket(**NIGHTLY)(both)
    assert not with_bucket(**NIGHTLY | {missing: ""})(both)


@pytest.mark.parametrize("name", ["ReplyQueues", "ScheduleExpression", "ScheduleInput"])
def test_a_slip_of_the_pen_is_refused_before_anything_is_made(name: str) -> None:
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
