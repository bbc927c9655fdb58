"""``lightship schedule``: lists schedules and sends their messages by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from lightship.jobs.split import plan
from tests.cli.conftest import EmulatedStack
from tests.emulator import ROOT

ROWS = (ROOT / "examples" / "quickstart" / "patients.csv").read_bytes()
NIGHT = "2026-11-10T03:00:00Z"


def drop(stack: EmulatedStack) -> None:
    stack.s3.put_object(Bucket=stack.bucket, Key="batch/quickstart/input/nightly/rows.csv", Body=ROWS)


def sent(stack: EmulatedStack) -> list[str]:
    return stack.bodies(stack.queues["split"])


def test_list_prints_expression_and_last_run(stack: EmulatedStack) -> None:
    drop(stack)
    (before,) = stack.json("schedule", "list")
    assert before == {
        "name": stack.schedule,
        "expression": "cron(0 3 * * ? *)",
        "timezone": "Europe/Zurich",
        "enabled": True,
        "model": "quickstart",
        "input": f"s3://{stack.bucket}/batch/quickstart/input/nightly/",
        "last": "",
    }
    output = stack.run("schedule", "list").stdout
    assert f"input     {before['input']}\n" in output
    assert "last run  never\n" in output
    stack.run("schedule", "run", stack.schedule, "--time", NIGHT)
    assert plan.handle(json.loads(sent(stack)[0]), stack.cloud) == "started"
    assert stack.json("schedule", "list")[0]["last"] == NIGHT


def test_run_sends_message_of_scheduler(stack: EmulatedStack) -> None:
    result = stack.run("schedule", "run", stack.schedule)
    assert "lightship job list --system" in result.stdout
    (body,) = sent(stack)
    message = json.loads(body)
    time = datetime.strptime(message["run"].pop("time"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)
    assert len(message.pop("correlation")) == 32
    location = f"s3://{stack.bucket}/batch/quickstart/input/nightly/"
    assert message == {"schema": 1, "run": {"model": "quickstart", "input": location, "schedule": stack.schedule}}


def test_run_starts_jobs_of_system(stack: EmulatedStack) -> None:
    drop(stack)
    assert stack.json("schedule", "run", stack.schedule, "--time", NIGHT)["time"] == NIGHT
    assert plan.handle(json.loads(sent(stack)[0]), stack.cloud) == "started"
    assert stack.json("job", "list") == []
    (job,) = stack.json("job", "list", "--system")
    assert job["input"].endswith("nightly/rows.csv")
    output = stack.run("job", "list", "--system").stdout
    assert all(text in output for text in (job["id"], "rows.csv", "quickstart@1", "splitting", "started, UTC"))
    assert stack.run("job", "status", job["id"]).exit_code == 2
    assert json.loads(stack.run("job", "status", "--system", job["id"]).stdout)["state"] == "splitting"
    assert "cancelled" in stack.run("job", "cancel", "--system", job["id"]).stdout


def test_run_missed_time_is_sent_unless_later_run_started(stack: EmulatedStack) -> None:
    drop(stack)
    assert stack.run("schedule", "run", stack.schedule, "--time", "2026-11-10T04:00:00+01:00").exit_code == 0
    (body,) = sent(stack)
    assert json.loads(body)["run"]["time"] == NIGHT
    plan.handle(json.loads(body), stack.cloud)
    assert stack.run("schedule", "run", stack.schedule, "--time", NIGHT).exit_code == 0  # the same run: no new jobs
    assert plan.handle(json.loads(body), stack.cloud) == "started"
    assert len(stack.json("job", "list", "--system")) == 1
    result = stack.run("schedule", "run", stack.schedule, "--time", "2026-11-09T03:00:00Z")
    assert result.exit_code == 2
    assert "is late" in result.stderr


def test_run_while_previous_is_unfinished_is_refused(stack: EmulatedStack) -> None:
    drop(stack)
    stack.run("schedule", "run", stack.schedule, "--time", NIGHT)
    plan.handle(json.loads(sent(stack)[0]), stack.cloud)
    result = stack.run("schedule", "run", stack.schedule)
    assert result.exit_code == 2
    assert "overlapping" in result.stderr
    (job,) = stack.json("job", "list", "--system")
    stack.run("job", "cancel", "--system", job["id"])
    assert stack.run("schedule", "run", stack.schedule).exit_code == 0


def create_schedule(stack: EmulatedStack, name: str, target: str, text: str) -> None:
    """Create a custom schedule in the stack's group."""
    stack.scheduler.create_schedule(
        Name=name,
        GroupName=stack.group,
        ScheduleExpression="rate(1 day)",
        State="DISABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": target, "RoleArn": "arn:aws:iam::123456789012:role/x", "Input": text},
    )


def test_run_custom_schedule_sends_input(stack: EmulatedStack) -> None:
    create_schedule(
        stack, "hello", stack.queues["requests"].arn, "<aws.scheduler.schedule-arn> <aws.scheduler.attempt-number>"
    )
    assert stack.run("schedule", "run", "hello").exit_code == 0
    (body,) = stack.bodies(stack.queues["requests"])
    assert body == f"arn:aws:scheduler:us-east-1:123456789012:schedule/{stack.group}/hello 1"
    hello = stack.json("schedule", "list")[1]
    assert (hello["name"], hello["enabled"], hello["model"]) == ("hello", False, "")
    assert "disabled" in stack.run("schedule", "list").stdout


def test_run_target_not_queue_is_refused(stack: EmulatedStack) -> None:
    create_schedule(stack, "function", "arn:aws:lambda:us-east-1:123456789012:function:x", "hello")
    result = stack.run("schedule", "run", "function")
    assert (result.exit_code, "arn:aws:lambda" in result.stderr) == (2, True)
    create_schedule(stack, "lost", "arn:aws:sqs:us-east-1:123456789012:nowhere", "hello")
    result = stack.run("schedule", "run", "lost")
    assert (result.exit_code, "NonExistentQueue" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["unknown"], "'unknown'"),
        (["x", "--time", "tonight"], "'tonight'"),
        (["x", "--time", "2026-11-10T03:00:00"], "time zone"),
        (["x", "--time", "2999-01-01T00:00:00Z"], "'2999-01-01T00:00:00Z'"),
    ],
)
def test_run_wrong_argument_is_named_with_exit_code_2(stack: EmulatedStack, words: list[str], named: str) -> None:
    result = stack.run("schedule", "run", *words)
    assert result.exit_code == 2
    assert named in result.stderr
    assert not sent(stack)


def test_list_without_schedules_names_template_parameters(
    stack: EmulatedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.scheduler.create_schedule_group(Name=f"{stack.name}-empty")
    monkeypatch.setenv("LIGHTSHIP_SCHEDULE_GROUP", f"{stack.name}-empty")
    assert "ScheduleExpression" in stack.run("schedule", "list").stdout
    assert stack.json("schedule", "list") == []
    monkeypatch.delenv("LIGHTSHIP_SCHEDULE_GROUP")
    result = stack.run("schedule", "list")
    assert (result.exit_code, "LIGHTSHIP_SCHEDULE_GROUP" in result.stderr) == (2, True)
