"""Queue-triggered functions, built and invoked by SAM with every file of events/.

S3 and the other services are emulated by moto: the fixture ``cloud``.
"""

from __future__ import annotations

import gzip
import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.docker.conftest import Cloud
from tests.handlers.records import EXAMPLE_BUCKET, object_created, with_bodies

pytestmark = pytest.mark.docker

FUNCTIONS = {
    "compile": "CompileFunction",
    "split": "SplitFunction",
    "split-run": "SplitFunction",
    "score": "ScoreFunction",
    "requests": "RequestsFunction",
    "requests-fifo": "RequestsFunction",
}
ROWS = (ROOT / "examples" / "quickstart" / "patients.csv").read_bytes()
KEY = "batch/quickstart/input/patients.csv.gz"

Invoke = Callable[..., Any]


@pytest.fixture(scope="module")
def built(sam: Any) -> None:
    sam("build", "--parameter-overrides", "Registry=bucket")


@pytest.fixture(scope="module")
def local_lambda(
    built: None,
    cloud: Cloud,
    sam_command: str,
    sam_environment: dict[str, str],
    wait: Callable[..., None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Run Lambda's API for containers, by which the broker invokes the worker."""
    with socket.socket() as listener:
        listener.bind((cloud.host, 0))
        port = listener.getsockname()[1]
    log = tmp_path_factory.mktemp("sam") / "start-lambda.log"
    arguments = ["--host", cloud.host, "--port", str(port), "--parameter-overrides", "Registry=bucket"]
    with log.open("w") as output:
        server = subprocess.Popen(
            [sam_command, "local", "start-lambda", *arguments],
            cwd=ROOT,
            env=sam_environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def listens() -> bool:
        with socket.socket() as client:
            return client.connect_ex((cloud.host, port)) == 0

    try:
        wait(lambda: listens() or server.poll() is not None, log.read_text)
        assert server.poll() is None, log.read_text()
        yield f"http://{cloud.host}:{port}"
    finally:
        server.send_signal(signal.SIGTERM)  # it then removes its containers
        server.wait(timeout=60)


@pytest.fixture
def invoke(sam: Any, built: None, cloud: Cloud, request: pytest.FixtureRequest, tmp_path: Path) -> Invoke:
    """Return a function that invokes a function through ``sam local invoke``."""
    served = "local_lambda" in request.fixturenames
    address = {"AWS_ENDPOINT_URL_LAMBDA": request.getfixturevalue("local_lambda")} if served else {}
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps({"Parameters": cloud.variables | address}))
    bucket = ("--parameter-overrides", "Registry=bucket", "--env-vars", str(variables))

    def run(function: str, event: Path | dict[str, Any]) -> Any:
        if isinstance(event, dict):
            path = tmp_path / "event.json"
            path.write_text(json.dumps(event))
            event = path
        return json.loads(sam("local", "invoke", function, "-e", str(event), *bucket).stdout.splitlines()[-1])

    return run


def test_queue_function_tests_cover_every_example_event() -> None:
    assert {path.stem for path in (ROOT / "events").glob("*.json") if '"Records"' in path.read_text()} == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_queue_function_example_event_succeeds(invoke: Invoke, cloud: Cloud, name: str) -> None:
    assert invoke(FUNCTIONS[name], ROOT / "events" / f"{name}.json") == {"batchItemFailures": []}
    replies = {key: json.loads(body)["status"] for key, body in cloud.objects("replies/").items()}
    if name == "requests":
        assert replies["replies/example/order-1.json"] == 200
    if name == "requests-fifo":
        assert replies["replies/north/order-1.json"] == replies["replies/south/order-2.json"] == 200


def test_compile_function_publishes_model_file(local_lambda: str, invoke: Invoke, cloud: Cloud) -> None:
    """Broker without TensorFlow and worker without credentials run in two containers."""
    key = "incoming/dropped.keras"
    body = (ROOT / "build" / "examples" / "quickstart.keras").read_bytes()
    put = cloud.s3.put_object(Bucket=EXAMPLE_BUCKET, Key=key, Body=body)
    assert invoke("CompileFunction", object_created("compile", EXAMPLE_BUCKET, key, put, len(body))) == {
        "batchItemFailures": []
    }
    report = json.loads(cloud.objects(f"{key}.report.json")[f"{key}.report.json"])
    assert (report["state"], report.get("version")) == ("published", 1), report
    manifest = json.loads(cloud.objects("models/dropped/1/manifest.json")["models/dropped/1/manifest.json"])
    assert manifest["sandbox"] == "kernel"  # moto permits everything, so credentials prove nothing
    assert "models/dropped/1/manifest.json" in cloud.objects("models/dropped/")


def test_compile_worker_expired_urls_is_unavailable(sam: Any, built: None) -> None:
    """Invoke the worker with the example event, whose URLs are unreachable."""
    event = ROOT / "events" / "compile-worker.json"
    options = ("--parameter-overrides", "Registry=bucket", "--tenant-id", "example")
    answer = sam("local", "invoke", "CompileWorkerFunction", "-e", str(event), *options).stdout.splitlines()[-1]
    assert json.loads(answer)["errorType"] == "Unavailable"


def test_split_and_score_functions_score_data_file(invoke: Invoke, cloud: Cloud) -> None:
    body = gzip.compress(ROWS)
    put = cloud.s3.put_object(Bucket=EXAMPLE_BUCKET, Key=KEY, Body=body)
    assert invoke("SplitFunction", object_created("split", EXAMPLE_BUCKET, KEY, put, len(body))) == {
        "batchItemFailures": []
    }
    url = cloud.variables["LIGHTSHIP_SCORE_QUEUE"]
    (message,) = cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert invoke("ScoreFunction", with_bodies("score", message["Body"])) == {"batchItemFailures": []}
    output = cloud.objects("batch/quickstart/output/")
    (receipt,) = [json.loads(body) for key, body in output.items() if key.endswith("receipt.json")]
    assert receipt["rows"]["scored"] == len(ROWS.splitlines()) - 1
    assert b"probability_malignant" in output[receipt["parts"][0]["key"]]


def test_score_function_failed_record_is_reported(invoke: Invoke) -> None:
    """An unreadable message is retained for an operator."""
    answer = invoke("ScoreFunction", with_bodies("score", "not JSON"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
