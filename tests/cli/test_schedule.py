"""``lightship schedule``: what the clock would send, sent by hand, and refused where it would be left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from lightship.jobs.split import plan
from tests.cli.conftest import Yard
from tests.emulator import ROOT

ROWS = (ROOT / "examples" / "quickstart" / "patients.csv").read_bytes()
NIGHT = "2026-11-10T03:00:00Z"


def drop(yard: Yard) -> None:
    yard.s3.put_object(Bucket=yard.bucket, Key="batch/quickstart/input/nightly/rows.csv", Body=ROWS)


def sent(yard: Yard) -> list[str]:
    return yard.bodies(yard.queues["split"])


def test_list_says_when_what_runs_and_when_it_ran_last(yard: Yard) -> None:
    drop(yard)
    (before,) = yard.json("schedule", "list")
    assert before == {
        "name": yard.schedule,
        "expression": "cron(0 3 * * ? *)",
        "timezone": "Europe/Zurich",
        "enabled": True,
        "model": "quickstart",
        "input": f"s3://{yard.bucket}/batch/quickstart/input/nightly/",
        "last": "",
    }
    said = yard.run("schedule", "list").stdout
    assert f"input     {before['input']}\n" in said
    assert "last run  never\n" in said
    yard.run("schedule", "run", yard.schedule, "--time", NIGHT)
    assert plan.handle(json.loads(sent(yard)[0]), yard.cloud) == "started"
    assert yard.json("schedule", "list")[0]["last"] == NIGHT


def test_run_sends_what_the_clock_would_send_now(yard: Yard) -> None:
    result = yard.run("schedule", "run", yard.schedule)
    assert "lightship job list --system" in result.stdout
    (body,) = sent(yard)
    message = json.loads(body)
    time = datetime.strptime(message["run"].pop("time"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)
    assert len(message.pop("correlation")) == 32
    place = f"s3://{yard.bucket}/batch/quickstart/input/nightly/"
    assert message == {"schema": 1, "run": {"model": "quickstart", "input": place, "schedule": yard.schedule}}


def test_a_run_becomes_jobs_of_the_system(yard: Yard) -> None:
    drop(yard)
    assert yard.json("schedule", "run", yard.schedule, "--time", NIGHT)["time"] == NIGHT
    assert plan.handle(json.loads(sent(yard)[0]), yard.cloud) == "started"
    assert yard.json("job", "list") == []
    (job,) = yard.json("job", "list", "--system")
    assert job["input"].endswith("nightly/rows.csv")
    said = yard.run("job", "list", "--system").stdout
    assert all(text in said for text in (job["id"], "rows.csv", "quickstart@1", "splitting", "started, UTC"))
    assert yard.run("job", "status", job["id"]).exit_code == 2
    assert json.loads(yard.run("job", "status", "--system", job["id"]).stdout)["state"] == "splitting"
    assert "cancelled" in yard.run("job", "cancel", "--system", job["id"]).stdout


def test_a_missed_run_is_made_up_for_unless_a_later_one_has_begun(yard: Yard) -> None:
    drop(yard)
    assert yard.run("schedule", "run", yard.schedule, "--time", "2026-11-10T04:00:00+01:00").exit_code == 0
    (body,) = sent(yard)
    assert json.loads(body)["run"]["time"] == NIGHT
    plan.handle(json.loads(body), yard.cloud)
    assert yard.run("schedule", "run", yard.schedule, "--time", NIGHT).exit_code == 0  # the same run: nothing new
    assert plan.handle(json.loads(body), yard.cloud) == "started"
    assert len(yard.json("job", "list", "--system")) == 1
    result = yard.run("schedule", "run", yard.schedule, "--time", "2026-11-09T03:00:00Z")
    assert result.exit_code == 2
    assert "is late" in result.stderr


def test_a_run_does_not_begin_while_the_one_before_is_at_work(yard: Yard) -> None:
    drop(yard)
    yard.run("schedule", "run", yard.schedule, "--time", NIGHT)
    plan.handle(json.loads(sent(yard)[0]), yard.cloud)
    result = yard.run("schedule", "run", yard.schedule)
    assert result.exit_code == 2
    assert "overlapping" in result.stderr
    (job,) = yard.json("job", "list", "--system")
    yard.run("job", "cancel", "--system", job["id"])
    assert yard.run("schedule", "run", yard.schedule).exit_code == 0


def own(yard: Yard, name: str, target: str, text: str) -> None:
    """A schedule that somebody made in the stack's group."""
    yard.scheduler.create_schedule(
        Name=name,
        GroupName=yard.group,
        ScheduleExpression="rate(1 day)",
        State="DISABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": target, "RoleArn": "arn:aws:iam::123456789012:role/x", "Input": text},
    )


def test_a_schedule_of_ones_own_need_not_be_a_job(yard: Yard) -> None:
    own(yard, "hello", yard.queues["requests"].arn, "<aws.scheduler.schedule-arn> <aws.scheduler.attempt-number>")
    assert yard.run("schedule", "run", "hello").exit_code == 0
    (body,) = yard.bodies(yard.queues["requests"])
    assert body == f"arn:aws:scheduler:us-east-1:123456789012:schedule/{yard.group}/hello 1"
    hello = yard.json("schedule", "list")[1]
    assert (hello["name"], hello["enabled"], hello["model"]) == ("hello", False, "")
    assert "disabled" in yard.run("schedule", "list").stdout


def test_what_cannot_be_sent_is_refused(yard: Yard) -> None:
    own(yard, "function", "arn:aws:lambda:us-east-1:123456789012:function:x", "hello")
    result = yard.run("schedule", "run", "function")
    assert (result.exit_code, "arn:aws:lambda" in result.stderr) == (2, True)
    own(yard, "lost", "arn:aws:sqs:us-east-1:123456789012:nowhere", "hello")
    result = yard.run("schedule", "run", "lost")
    assert (result.exit_code, "NonExistentQueue" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nobody"], "'nobody'"),
        (["x", "--time", "tonight"], "'tonight'"),
        (["x", "--time", "2026-11-10T03:00:00"], "time zone"),
        (["x", "--time", "2999-01-01T00:00:00Z"], "'2999-01-01T00:00:00Z'"),
    ],
)
def test_a_mistake_is_named_with_exit_code_2(yard: Yard, words: list[str], named: str) -> None:
    result = yard.run("schedule", "run", *words)
    assert result.exit_code == 2
    assert named in result.stderr
    assert not sent(yard)


def test_without_schedules_it_says_how_to_have_one(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.scheduler.create_schedule_group(Name=f"{yard.name}-empty")
    monkeypatch.setenv("LIGHTSHIP_SCHEDULE_GROUP", f"{yard.name}-empty")
    assert "ScheduleExpression" in yard.run("schedule", "list").stdout
    assert yard.json("schedule", "list") == []
    monkeypatch.delenv("LIGHTSHIP_SCHEDULE_GROUP")
    result = yard.run("schedule", "list")
    assert (result.exit_code, "LIGHTSHIP_SCHEDULE_GROUP" in result.stderr) == (2, True)
