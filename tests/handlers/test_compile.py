"""Model files dropped into a bucket: real ones, compiled by a worker without rights, published to a registry in S3."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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


class Clumsy:
    """A client that fails at the calls which ``fails`` picks out, before or after they are made."""

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


def with_a_lambda_layer(path: Path) -> bytes:
    """A copy of a .keras file that has code in it, hidden in the place of its last layer."""
    with zipfile.ZipFile(KERAS) as good, zipfile.ZipFile(path, "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            if name == "config.json":
                record = json.loads(data)
                record["config"]["layers"][-1]["class_name"] = "Lambda"
                data = json.dumps(record).encode()
            bad.writestr(name, data)
    return path.read_bytes()


def test_a_model_file_becomes_a_version_once(broker: Broker) -> None:
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
    (announced,) = broker.cloud.hear()
    assert (announced["source"], announced["detail-type"]) == ("lightship", "Model Published")
    told = {name: announced["detail"][name] for name in ("model", "version", "digest", "key", "correlation")}
    assert told == {name: report[name] for name in ("model", "version", "digest", "correlation")} | {
        "key": "incoming/quickstart.keras"
    }

    # the same message once more: nothing is done at all
    assert broker.invoke(event) == []
    assert broker.report("incoming/quickstart.keras") == report
    assert broker.cloud.hear() == []

    # the same file once more: said to be there, without compiling it
    assert broker.invoke(broker.put("incoming/quickstart.keras", KERAS.read_bytes())) == []
    again = broker.report("incoming/quickstart.keras")
    assert (again["state"], again["version"], again["new"]) == ("published", 1, False)
    assert again["object"] != report["object"]
    assert again["compiled"] == report["compiled"]  # with the first compile's timings
    assert [event["detail"]["new"] for event in broker.cloud.hear()] == [False]

    # after a death between publishing and reporting, nobody remembers: it is compiled, and found to be there
    broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/quickstart.keras.report.json")
    assert broker.invoke(broker.put("incoming/quickstart.keras", KERAS.read_bytes())) == []
    assert broker.report("incoming/quickstart.keras")["new"] is False
    assert broker.registry.versions("quickstart") == [1]

    # another model.yaml makes another version of the same file
    broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key="incoming/quickstart.yaml", Body=b"name: quickstart")
    assert broker.invoke(broker.put("incoming/quickstart.keras", KERAS.read_bytes())) == []
    assert broker.report("incoming/quickstart.keras")["version"] == 2
    assert broker.registry.versions("quickstart") == [1, 2]


# Key, and the content with what the report names.
REFUSED = {
    "incoming/prose.keras": (b"I am no model.", "prose.keras"),
    "incoming/prose.tflite": (b"I am no model.", "TFL3"),
    "incoming/empty.h5": (b"", "empty.h5"),
    "incoming/team/churn.keras": (b"x", "incoming/"),
    "incoming/notes.txt": (b"x", ".keras, .h5, .hdf5, .tflite, .zip, .tar.gz, .tgz"),
    "incoming/..keras": (b"x", "'.'"),
    "incoming/my model (1)%2B+é.keras": (b"x", "'my model (1)%2B+é'"),
    "incoming/a\tb<&'\\\"*?.keras": (b"x", r"'a\tb"),  # moto has no path for a line feed
    f"incoming/{'x' * 900}.keras": (b"x", "'" + "x" * 80 + "'"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_a_refusal_is_an_outcome(broker: Broker, key: str) -> None:
    body, named = REFUSED[key]
    assert broker.invoke(broker.put(key, body)) == []
    report = broker.report(key)
    assert report["state"] == "refused"
    assert named in report["reason"]
    assert "/tmp" not in report["reason"]
    (announced,) = broker.cloud.hear()
    assert announced["detail-type"] == "Model Refused"
    assert announced["detail"]["reason"] == report["reason"]
    assert announced["detail"]["key"] == key
    assert broker.keys("models/") == []


def test_a_file_with_code_in_it_is_refused_unopened(broker: Broker, tmp_path: Path) -> None:
    event = broker.put("incoming/evil.keras", with_a_lambda_layer(tmp_path / "evil.keras"))
    assert broker.invoke(event) == []
    report = broker.report("incoming/evil.keras")
    assert (report["state"], report["code"]) == ("refused", "source_refused")
    assert "Lambda" in report["reason"]
    before = broker.report("incoming/evil.keras")
    assert broker.invoke(event) == []  # its message once more
    assert broker.report("incoming/evil.keras") == before
    assert len(broker.cloud.hear()) == 1


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
def test_a_bad_model_yaml_is_refused(broker: Broker, config: bytes, named: str) -> None:
    broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key="incoming/churn.yaml", Body=config)
    assert broker.invoke(broker.put("incoming/churn.keras", b"x")) == []
    reason = broker.report("incoming/churn.keras")["reason"]
    assert named in reason
    assert "/tmp" not in reason


def test_a_model_yaml_cannot_make_a_file_another_model_s_version(broker: Broker) -> None:
    for key, name in (("wine", b"wine"), ("vino", b"wine"), ("über %2F+ 1", b"wine")):
        broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key=f"incoming/{key}.yaml", Body=b"name: " + name)
        assert broker.invoke(broker.put(f"incoming/{key}.tflite", TFLITE.read_bytes())) == []
    reports = [broker.report(f"incoming/{key}.tflite")["state"] for key in ("wine", "vino", "über %2F+ 1")]
    assert reports == ["published", "refused", "refused"]
    assert broker.registry.models() == ["wine"]
    assert broker.registry.versions("wine") == [1]


@pytest.mark.parametrize(
    "key",
    ["incoming/churn.yaml", "incoming/churn.keras.report.json", "incoming/", "incoming/a/", "elsewhere/churn.keras"],
)
def test_what_is_no_model_file_is_left_alone(broker: Broker, key: str) -> None:
    assert broker.invoke(broker.put(key, b"x")) == []
    assert broker.keys("") == [key]
    assert broker.cloud.hear() == []


@pytest.mark.parametrize("body", ["no JSON", {"schema": 1, "split": {"job": "x"}}, {"detail-type": "Object Deleted"}])
def test_a_message_that_is_no_such_event_goes_to_the_dead_letters(broker: Broker, body: Any) -> None:
    assert broker.invoke(with_bodies("compile", body)) == ["message-1"]


def test_a_file_that_has_gone_is_nobodys(broker: Broker) -> None:
    assert (
        broker.invoke(load("compile", broker.cloud.bucket)) == []
    )  # as the file stands: there never was such an object
    event = broker.put("incoming/churn.keras", b"x")
    broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/churn.keras")
    assert broker.invoke(event) == []
    assert broker.keys() == []


def test_of_two_files_with_one_name_the_newer_one_counts(broker: Broker) -> None:
    older = broker.put("incoming/churn.keras", b"older")
    newer = broker.put("incoming/churn.keras", b"newer")
    assert broker.invoke(newer) == []
    report = broker.report("incoming/churn.keras")
    assert broker.invoke(older) == []  # late
    assert broker.report("incoming/churn.keras") == report


def test_a_file_that_is_replaced_while_it_is_compiled_is_not_published(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())

    def replace_it(name: str, options: dict[str, Any]) -> bool:
        if name == "generate_presigned_post":
            broker.put("incoming/churn.tflite", b"a newer one")
        return False

    assert broker.invoke(event, s3=Clumsy(broker.cloud.s3, replace_it)) == []
    assert broker.registry.versions("churn") == []
    assert broker.report("incoming/churn.tflite")["state"] == "gone"
    assert broker.cloud.hear() == []


def test_one_of_two_invocations_compiles(broker: Broker) -> None:
    event = broker.put("incoming/churn.keras", b"no model")
    place = {"version_id": json.loads(event["Records"][0]["body"])["detail"]["object"]["version-id"]}
    head = broker.cloud.s3.head_object(Bucket=broker.cloud.bucket, Key="incoming/churn.keras")
    place |= {"etag": head["ETag"].strip('"'), "size": 8}
    claim = {"state": "compiling", "object": place, "attempt": 1, "until": 1000.0, "before": {}}
    broker.set_report("incoming/churn.keras", claim)
    assert broker.invoke(event, now=lambda: 999.0) == ["message-1"]
    assert broker.report("incoming/churn.keras") == claim
    assert broker.invoke(event, now=lambda: 1001.0) == []  # the other one is dead
    assert broker.report("incoming/churn.keras")["state"] == "refused"


def test_a_file_that_ends_the_function_again_and_again_is_refused(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())

    def dies(name: str, options: dict[str, Any]) -> bool:
        if name == "generate_presigned_post":
            raise KeyboardInterrupt  # what neither we nor Powertools take for a failure, like a kill
        return False

    for attempt in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            broker.invoke(event, s3=Clumsy(broker.cloud.s3, dies), now=lambda time=attempt * 1000.0: time)
        assert broker.report("incoming/churn.tflite")["attempt"] == attempt
    assert broker.invoke(event, now=lambda: 4000.0) == []
    assert "3 times" in broker.report("incoming/churn.tflite")["reason"]
    assert broker.cloud.hear()[0]["detail-type"] == "Model Refused"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whatever_call_fails_the_next_delivery_finishes(broker: Broker, after: bool) -> None:
    """Every call to S3 and EventBridge in turn, of a file that is refused quickly."""
    broker.cloud.s3.put_object(Bucket=broker.cloud.bucket, Key="incoming/churn.yaml", Body=b"nmae: churn")
    broker.services = replace(broker.services, workers=broker.workers(WARM))
    event = broker.put("incoming/churn.keras", b"no model")
    calls: list[str] = []
    assert broker.invoke(event, s3=Clumsy(broker.cloud.s3, lambda name, _: bool(calls.append(name)))) == []
    expected = broker.report("incoming/churn.keras")
    broker.cloud.hear()
    assert len(calls) >= 6
    for place in range(len(calls) + 1):
        broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/churn.keras.report.json")
        passed: list[str] = []

        def fails(name: str, _: Any, place: int = place, passed: list[str] = passed) -> bool:
            passed.append(name)
            return len(passed) == place % len(calls) + 1

        if place < len(calls):
            broker.invoke(event, s3=Clumsy(broker.cloud.s3, fails, after=after))
        else:
            assert broker.invoke(event, events=Clumsy(broker.cloud.events, fails, after=after)) == ["message-1"]
        assert broker.invoke(event, now=lambda: 4e9) == []  # every lease is over by then
        assert broker.report("incoming/churn.keras") == expected
        heard = broker.cloud.hear()
        assert heard
        assert {entry["detail"]["reason"] for entry in heard} == {expected["reason"]}


@pytest.mark.parametrize("record", ["no JSON", "[1]", {"state": "compiling"}, {"state": 1, "before": 2}, "[" * 100_000])
def test_a_report_that_somebody_else_wrote_does_no_harm(broker: Broker, record: Any) -> None:
    broker.set_report("incoming/churn.keras", record)
    assert broker.invoke(broker.put("incoming/churn.keras", b"no model")) == []
    assert broker.report("incoming/churn.keras")["state"] == "refused"


def test_broker_worker_ends_without_answer_counts_the_attempt(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())
    silent = broker.workers(SILENT)
    for attempt in (1, 2, 3):
        assert broker.invoke(event, workers=silent) == ["message-1"]  # and the next delivery need not wait for a claim
        assert broker.report("incoming/churn.tflite")["attempt"] == attempt
    assert broker.invoke(event, workers=silent) == []
    assert broker.report("incoming/churn.tflite")["code"] == "source_refused"
    assert broker.keys("models/") == []


def test_broker_worker_cannot_be_invoked_counts_no_attempt(broker: Broker) -> None:
    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())
    assert broker.invoke(event, workers=broker.workers("no-such-function")) == ["message-1"]
    assert broker.report("incoming/churn.tflite")["state"] == "waiting"
    assert broker.cloud.hear() == []


def test_broker_never_logs_a_signed_address(broker: Broker, capfd: pytest.CaptureFixture[str]) -> None:
    def unreachable(name: str, options: dict[str, Any]) -> bool:
        if name == "generate_presigned_post":  # after the file was signed: the worker finds none
            broker.cloud.s3.delete_object(Bucket=broker.cloud.bucket, Key="incoming/churn.tflite", VersionId=version)
        return False

    event = broker.put("incoming/churn.tflite", TFLITE.read_bytes())
    version = json.loads(event["Records"][0]["body"])["detail"]["object"]["version-id"]
    assert broker.invoke(event, s3=Clumsy(broker.cloud.s3, unreachable)) == ["message-1"]
    assert broker.invoke(broker.put("incoming/churn.tflite", TFLITE.read_bytes())) == []
    said = "".join(capfd.readouterr())
    logs = said + "".join(log.read_text() for log in broker.logs.glob("w*.log"))
    assert "fetched" in logs
    assert "Signature" not in logs


def test_the_function_as_lambda_starts_it(
    broker: Broker, s3_environment: dict[str, str], s3_registry: str, local_lambda: LocalLambda
) -> None:
    """Through the runtime API, with settings and credentials from the environment only."""
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
    assert [event["detail-type"] for event in broker.cloud.hear()] == ["Model Published"]
