"""Model files uploaded to a bucket, compiled by a worker and published to S3."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from lightship.model import Model
from tests.emulator import EXAMPLES, ROOT, Emulator
from tests.handlers.brokers import Broker
from tests.handlers.records import load, with_bodies
from tests.handlers.workers import SILENT, WARM, WORKER, LocalLambda

KERAS = ROOT / "build" / "examples" / "quickstart.keras"
CONFIG = (ROOT / "examples" / "quickstart" / "model.yaml").read_bytes()
TFLITE = EXAMPLES / "quickstart" / "1" / "model.tflite"

Event = dict[str, Any]
Drop = Callable[[Event], Event]


class FailingClient:
    """A client whose calls fail, before or after they are made, if ``fails`` is true."""

    def __init__(self, client: Any, fails: Callable[[str, dict[str, Any]], bool], *, after: bool = False) -> None:
        self._client, self._fails, self._after = client, fails, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found) or name == "exceptions":
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            fails = self._fails(name, options)
            if not fails or self._after:
                result = found(*arguments, **options)
            if fails:
                if self._after and isinstance(result, dict) and "Body" in result:
                    result["Body"].close()
                raise ConnectionResetError("the connection was reset")
            return result

        return call


def with_lambda_layer(path: Path) -> bytes:
    """Return a copy of a .keras file whose last layer contains code."""
    with zipfile.ZipFile(KERAS) as good, zipfile.ZipFile(path, "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            if name == "config.json":
                record = json.loads(data)
                record["config"]["layers"][-1]["class_name"] = "Lambda"
                data = json.dumps(record).encode()
            bad.writestr(name, data)
    return path.read_bytes()


def test_broker_model_file_is_published_once(broker: Broker) -> None:
    broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key="incoming/quickstart.yaml", Body=CONFIG)
    event = broker.put("incoming/quickstart.keras", KERAS.read_bytes())
    assert broker.invoke(event) == []
    assert broker.registry.versions("quickstart") == [1]
    model = Model.load(broker.registry.open("quickstart"))
    assert model.manifest.signature().outputs[0].classes == ("benign", "malignant")
    report = broker.report("incoming/quickstart.keras")
    assert (report["state"], report["model"], report["version"], report["new"]) == ("published", "quickstart", 1, True)
    assert report["digest"] == model.bundle.digest
    assert report["compiled"]["engine"] == "litert"
    assert report["correlation"] == json.loads(event["Records"][0]["body"])["id"]
    (announced,) = broker.cloud.receive_events()
    assert (announced["source"], announced["detail-type"]) == ("lightship", "Model Published")
    detail = {name: announced["detail"][name] for name in ("model", "version", "digest", "key", "correlation")}
    assert detail == {name: report[name] for name in ("model", "version", "digest", "correlation")} | {
        "key": "incoming/quickstart.keras"
    }

    # the same message redelivered: nothing is done
    assert broker.invoke(event) == []
    assert broker.report("incoming/quickstart.keras") == report
    assert broker.cloud.receive_events() == []

    # the same file uploaded again: reported as existing, without compiling it
    assert broker.invoke(broker.put("incoming/quickstart.keras", KERAS.read_bytes())) == []
    again = broker.report("incoming/quickstart.keras")
    assert (again["state"], again["version"], again["new"]) == ("published", 1, False)
    assert again["object"] != report["object"]
    assert again["compiled"] == report["compiled"]  # with the first compile's timings
    assert [event["detail"]["new"] for event in broker.cloud.receive_events()] == [False]

    # after a crash between publishing and reporting: compiled again, and found in the registry
    broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/quickstart.keras.report.json")
    assert broker.invoke(broker.put("incoming/quickstart.keras", KERAS.read_bytes())) == []
    assert broker.report("incoming/quickstart.keras")["new"] is False
    assert broker.registry.versions("quickstart") == [1]

    # the same file with another model.yaml is another version
    broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key="incoming/quickstart.yaml", Body=b"name: quickstart")
    assert broker.invoke(broker.put("incoming/quickstart.keras", KERAS.read_bytes())) == []
    assert broker.report("incoming/quickstart.keras")["version"] == 2
    assert broker.registry.versions("quickstart") == [1, 2]


def test_broker_xgboost_file_is_published(broker: Broker, tmp_path: Path) -> None:
    rows = np.arange(12.0).reshape(6, 2)
    data = xgboost.DMatrix(rows, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    xgboost.train({"nthread": 1}, data, 2).save_model(tmp_path / "trees.ubj")
    assert broker.invoke(broker.put("incoming/trees.ubj", (tmp_path / "trees.ubj").read_bytes())) == []
    assert broker.report("incoming/trees.ubj")["state"] == "published"
    assert broker.registry.versions("trees") == [1]


# By key: the content, and text that the report's reason contains.
REFUSED = {
    "incoming/prose.keras": (b"not a model", "prose.keras"),
    "incoming/prose.tflite": (b"not a model", "TFL3"),
    "incoming/empty.h5": (b"", "empty.h5"),
    "incoming/team/churn.keras": (b"x", "incoming/"),
    "incoming/notes.md": (b"x", ".keras"),
    "incoming/README.txt": (b"x", "README.txt"),
    "incoming/dump.json": (b'[{"nodeid": 0}]', "save_model"),
    "incoming/..keras": (b"x", "'.'"),
    "incoming/my model (1)%2B+é.keras": (b"x", "'my model (1)%2B+é'"),
    "incoming/a\tb<&'\\\"*?.keras": (b"x", r"'a\tb"),  # moto has no path for a line feed
    f"incoming/{'x' * 900}.keras": (b"x", "'" + "x" * 80 + "'"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_broker_refused_file_is_reported_and_announced(broker: Broker, key: str) -> None:
    body, named = REFUSED[key]
    assert broker.invoke(broker.put(key, body)) == []
    report = broker.report(key)
    assert report["state"] == "refused"
    assert named in report["reason"]
    assert "/tmp" not in report["reason"]
    (announced,) = broker.cloud.receive_events()
    assert announced["detail-type"] == "Model Refused"
    assert announced["detail"]["reason"] == report["reason"]
    assert announced["detail"]["key"] == key
    assert broker.keys("models/") == []


def test_broker_file_with_lambda_layer_is_refused(broker: Broker, tmp_path: Path) -> None:
    event = broker.put("incoming/evil.keras", with_lambda_layer(tmp_path / "evil.keras"))
    assert broker.invoke(event) == []
    report = broker.report("incoming/evil.keras")
    assert (report["state"], report["code"]) == ("refused", "source_refused")
    assert "Lambda" in report["reason"]
    before = broker.report("incoming/evil.keras")
    assert broker.invoke(event) == []  # redelivered
    assert broker.report("incoming/evil.keras") == before
    assert len(broker.cloud.receive_events()) == 1


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (b"name: [", "line 1"),
        (b"nmae: churn", "'nmae'"),
        (b"name: a/b", "'a/b'"),
        (b"name: wine", "wine.keras and wine.yaml"),
        (b"#" * (256 * 1024 + 100), "262144 bytes"),
        (b"\xff\xfe\x00", "model.yaml"),
    ],
)
def test_broker_bad_model_yaml_is_refused(broker: Broker, config: bytes, named: str) -> None:
    broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key="incoming/churn.yaml", Body=config)
    assert broker.invoke(broker.put("incoming/churn.keras", b"x")) == []
    reason = broker.report("incoming/churn.keras")["reason"]
    assert named in reason
    assert "/tmp" not in reason


def test_broker_model_yaml_with_other_name_is_refused(broker: Broker) -> None:
    for key, name in (("wine", b"wine"), ("vino", b"wine"), ("über %2F+ 1", b"wine")):
        broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key=f"incoming/{key}.yaml", Body=b"name: " + name)
        assert broker.invoke(broker.put(f"incoming/{key}.tflite", TFLITE.read_bytes())) == []
    reports = [broker.report(f"incoming/{key}.tflite")["state"] for key in ("wine", "vino", "über %2F+ 1")]
    assert reports == ["published", "refused", "refused"]
    assert broker.registry.models() == ["wine"]
    assert broker.registry.versions("wine") == [1]


@pytest.mark.parametrize(
    "key",
    ["incoming/churn.yaml", "incoming/churn.keras.report.json", "incoming/", "incoming/a/", "other/churn.keras"],
)
def test_broker_key_of_no_model_file_is_ignored(broker: Broker, key: str) -> None:
    assert broker.invoke(broker.put(key, b"x")) == []
    assert broker.keys("") == [key]
    assert broker.cloud.receive_events() == []


@pytest.mark.parametrize("body", ["no JSON", {"schema": 1, "split": {"job": "x"}}, {"detail-type": "Object Deleted"}])
def test_broker_invalid_message_is_returned_to_queue(broker: Broker, body: Any) -> None:
    assert broker.invoke(with_bodies("compile", body)) == ["message-1"]


def test_broker_deleted_file_is_ignored(broker: Broker) -> None:
    assert broker.invoke(load("compile", broker.cloud.bucket)) == []  # an object that never existed
    event = broker.put("incoming/churn.keras", b"x")
    broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/churn.keras")
    assert broker.invoke(event) == []
    assert broker.keys() == []


def test_broker_event_of_replaced_file_is_ignored(broker: Broker) -> None:
    older = broker.put("incoming/churn.keras", b"older")
    newer = broker.put("incoming/churn.keras", b"newer")
    assert broker.invoke(newer) == []
    report = broker.report("incoming/churn.keras")
    assert broker.invoke(older) == []  # late
    assert broker.report("incoming/churn.keras") == report


def test_broker_file_replaced_during_compilation_is_not_published(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())

    def replace_it(name: str, options: dict[str, Any]) -> bool:
        if name == "generate_presigned_post":
            broker.put("incoming/churn.tflite", b"a newer one")
        return False

    assert broker.invoke(event, s3=FailingClient(broker.cloud.s3, replace_it)) == []
    assert broker.registry.versions("churn") == []
    assert broker.report("incoming/churn.tflite")["state"] == "gone"
    assert broker.cloud.receive_events() == []


def test_broker_claimed_file_is_compiled_after_claim_expires(broker: Broker) -> None:
    event = broker.put("incoming/churn.keras", b"not a model")
    stored = {"version_id": json.loads(event["Records"][0]["body"])["detail"]["object"]["version-id"]}
    head = broker.cloud.s3.head_object(Bucket=broker.cloud.bucket, Key="incoming/churn.keras")
    stored |= {"etag": head["ETag"].strip('"'), "size": 11}
    claim = {"state": "compiling", "object": stored, "attempt": 1, "until": 1000.0, "before": {}}
    broker.set_report("incoming/churn.keras", claim)
    assert broker.invoke(event, now=lambda: 999.0) == ["message-1"]
    assert broker.report("incoming/churn.keras") == claim
    assert broker.invoke(event, now=lambda: 1001.0) == []  # the other invocation has timed out
    assert broker.report("incoming/churn.keras")["state"] == "refused"


def test_broker_file_ending_function_three_times_is_refused(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())

    def crash(name: str, options: dict[str, Any]) -> bool:
        if name == "generate_presigned_post":
            raise KeyboardInterrupt  # caught by neither the library nor Powertools, like a kill
        return False

    for attempt in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            broker.invoke(event, s3=FailingClient(broker.cloud.s3, crash), now=lambda time=attempt * 1000.0: time)
        assert broker.report("incoming/churn.tflite")["attempt"] == attempt
    assert broker.invoke(event, now=lambda: 4000.0) == []
    assert "3 times" in broker.report("incoming/churn.tflite")["reason"]
    assert broker.cloud.receive_events()[0]["detail-type"] == "Model Refused"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_broker_after_any_failed_call_next_delivery_finishes(broker: Broker, after: bool) -> None:
    """Fail every call to S3 and EventBridge in turn, for a file refused without delay."""
    broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key="incoming/churn.yaml", Body=b"nmae: churn")
    broker.services = replace(broker.services, workers=broker.workers(WARM))
    event = broker.put("incoming/churn.keras", b"not a model")
    calls: list[str] = []
    assert broker.invoke(event, s3=FailingClient(broker.cloud.s3, lambda name, _: bool(calls.append(name)))) == []
    expected = broker.report("incoming/churn.keras")
    broker.cloud.receive_events()
    assert len(calls) >= 6
    for index in range(len(calls) + 1):
        broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/churn.keras.report.json")
        passed: list[str] = []

        def fails(name: str, _: Any, index: int = index, passed: list[str] = passed) -> bool:
            passed.append(name)
            return len(passed) == index % len(calls) + 1

        if index < len(calls):
            broker.invoke(event, s3=FailingClient(broker.cloud.s3, fails, after=after))
        else:
            assert broker.invoke(event, events=FailingClient(broker.cloud.events, fails, after=after)) == ["message-1"]
        assert broker.invoke(event, now=lambda: 4e9) == []  # every claim has expired by then
        assert broker.report("incoming/churn.keras") == expected
        announced = broker.cloud.receive_events()
        assert announced
        assert {entry["detail"]["reason"] for entry in announced} == {expected["reason"]}


@pytest.mark.parametrize("record", ["no JSON", "[1]", {"state": "compiling"}, {"state": 1, "before": 2}, "[" * 100_000])
def test_broker_invalid_existing_report_is_replaced(broker: Broker, record: Any) -> None:
    broker.set_report("incoming/churn.keras", record)
    assert broker.invoke(broker.put("incoming/churn.keras", b"not a model")) == []
    assert broker.report("incoming/churn.keras")["state"] == "refused"


def test_broker_worker_without_answer_counts_attempt(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())
    silent = broker.workers(SILENT)
    for attempt in (1, 2, 3):
        assert broker.invoke(event, workers=silent) == ["message-1"]  # and the claim has ended
        assert broker.report("incoming/churn.tflite")["attempt"] == attempt
    assert broker.invoke(event, workers=silent) == []
    assert broker.report("incoming/churn.tflite")["code"] == "source_refused"
    assert broker.keys("models/") == []


def test_broker_worker_cannot_be_invoked_counts_no_attempt(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())
    assert broker.invoke(event, workers=broker.workers("no-such-function")) == ["message-1"]
    assert broker.report("incoming/churn.tflite")["state"] == "waiting"
    assert broker.cloud.receive_events() == []


def test_broker_and_worker_never_log_signed_urls(broker: Broker, capfd: pytest.CaptureFixture[str]) -> None:
    def unreachable(name: str, options: dict[str, Any]) -> bool:
        if name == "generate_presigned_post":  # after the download was signed: the worker finds no object
            broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/churn.tflite", VersionId=version)
        return False

    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())
    version = json.loads(event["Records"][0]["body"])["detail"]["object"]["version-id"]
    assert broker.invoke(event, s3=FailingClient(broker.cloud.s3, unreachable)) == ["message-1"]
    assert broker.invoke(broker.put("incoming/churn.tflite", TFLITE.read_bytes())) == []
    logs = "".join(capfd.readouterr()) + "".join(log.read_text() for log in broker.logs.glob("w*.log"))
    assert "fetched" in logs
    assert "Signature" not in logs


def test_compile_handler_in_emulator_publishes_model(
    broker: Broker, s3_environment: dict[str, str], s3_registry: str, local_lambda: LocalLambda
) -> None:
    """Run the handler with settings and credentials from the environment only."""
    environment = s3_environment | {
        "LIGHTSHIP_BUCKET": broker.cloud.bucket,
        "LIGHTSHIP_REGISTRY": s3_registry,
        "LIGHTSHIP_EVENT_BUS": "default",
        "LIGHTSHIP_COMPILE_WORKER": WORKER,
        "AWS_ENDPOINT_URL_LAMBDA": local_lambda.endpoint,
        "PATH": os.environ["PATH"],
    }
    event = broker.put("incoming/small.tflite", TFLITE.read_bytes())
    handler = "lightship.handlers.compile.handler"
    folder = ROOT / "functions" / "predict"
    with Emulator(handler, folder=folder, environment=environment, patience=300.0) as emulator:
        assert emulator.invoke(event) == {"batchItemFailures": []}
    assert broker.registry.versions("small") == [1]
    assert broker.report("incoming/small.tflite")["state"] == "published"
    assert [event["detail-type"] for event in broker.cloud.receive_events()] == ["Model Published"]
