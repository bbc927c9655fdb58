"""Queue of single predictions: every protocol and destination, each answered once."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lightship.aws.stack import StackSettings
from lightship.dispatch.dispatcher import Dispatcher
from lightship.errors import InvalidInput
from lightship.handlers import replies
from lightship.handlers.queues import QueueHandler
from lightship.handlers.replies import ReplyClients
from lightship.handlers.requests import Services, work
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from tests.bundles import Registries, republish
from tests.emulator import ROOT, Emulator
from tests.handlers.conftest import Cloud
from tests.handlers.records import Context, bodies, failures, load, with_bodies

Event = dict[str, Any]


class RequestsFunction:
    """The requests function with a bucket and two reply queues."""

    def __init__(self, cloud: Cloud, registry: str | Path) -> None:
        self.cloud = cloud
        self.queues = {
            kind: cloud.sqs.create_queue(QueueName=f"r-{cloud.bucket[-50:]}{ending}", Attributes=attributes)["QueueUrl"]
            for kind, ending, attributes in (("plain", "", {}), ("fifo", ".fifo", {"FifoQueue": "true"}))
        }
        attributes = [
            cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]) for url in self.queues.values()
        ]
        self.arns = tuple(found["Attributes"]["QueueArn"] for found in attributes)
        stack = StackSettings(cloud.bucket, str(registry), reply_queues=self.arns)
        serving = Serving(Registry(str(registry)), Options(default="modes", refresh=0))
        self.services = Services(
            Dispatcher(serving), ReplyClients(stack, cloud.s3, cloud.sqs, cloud.events), max_body=100_000
        )

    def invoke(self, event: Event) -> list[str]:
        return failures(QueueHandler("requests", lambda message: work(message, self.services))(event, Context()))

    def ask(self, body: Any) -> dict[str, Any]:
        """Return the only event that answers a message without 'reply'."""
        assert self.invoke(with_bodies("requests", body)) == []
        (announced,) = self.cloud.receive_events()
        detail: dict[str, Any] = announced["detail"]
        kind = "Prediction Made" if detail["status"] < 400 else "Prediction Refused"
        assert announced["detail-type"] == kind
        return detail

    def replies(self) -> dict[str, Any]:
        """Return every object below replies/, by key."""
        found = self.cloud.s3.list_objects_v2(Bucket=self.cloud.bucket).get("Contents", [])
        objects = {
            entry["Key"]: self.cloud.s3.get_object(Bucket=self.cloud.bucket, Key=entry["Key"]) for entry in found
        }
        return {key: json.loads(answer["Body"].read()) for key, answer in objects.items()}

    def received(self, kind: str) -> list[dict[str, Any]]:
        answer = self.cloud.sqs.receive_message(
            QueueUrl=self.queues[kind], MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        return list(answer.get("Messages", []))


@pytest.fixture
def function(cloud: Cloud, registries: Registries) -> RequestsFunction:
    return RequestsFunction(cloud, registries.small)


def request(path: str = "/predict", body: Any = '{"input": [4, 9]}', **more: Any) -> dict[str, Any]:
    return {"schema": 1, "request": {"method": "POST", "path": path, "body": body}, **more}


def test_requests_example_event_is_answered_at_named_destinations(
    function: RequestsFunction, registries: Registries
) -> None:
    function.services = Services(
        Dispatcher(Serving(Registry(str(registries.examples)), Options(default="quickstart"))),
        function.services.clients,
    )
    assert function.invoke(load("requests", function.cloud.bucket)) == []
    answered = function.replies()
    assert {key: reply["status"] for key, reply in answered.items()} == {
        "replies/example/order-1.json": 200,
        "replies/example/order-3.json": 400,
    }
    good, bad = answered.values()
    ((value,),) = json.loads(good["body"])
    assert 0 < value < 1
    assert good["headers"]["lightship-model"] == "quickstart"
    assert (good["id"], good["correlation"]) == ("order-1", "example-1")
    assert json.loads(bad["body"])["error"]["code"] == "invalid_input"
    (announced,) = function.cloud.receive_events()
    assert announced["detail"]["id"] == "order-2"
    assert json.loads(announced["detail"]["body"]) == {"predictions": [[pytest.approx(value, abs=1e-6)]]}


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("/predict", '{"input": [4, 9]}', [[8.0, 18.0]]),
        ("/predict", {"input": [4, 9]}, [[8.0, 18.0]]),
        ("/models/modes/predict", '{"input": [4, 9]}', {"predictions": [[8.0, 18.0]]}),
        ("/v1/models/modes:predict", '{"instances": [[4, 9]]}', {"predictions": [[8.0, 18.0]]}),
        (
            "/v2/models/modes/infer",
            {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [4, 9]}]},
            [8.0, 18.0],
        ),
        ("/invocations", '{"instances": [[4, 9]]}', {"predictions": [[8.0, 18.0]]}),
    ],
)
def test_requests_of_every_protocol_are_answered(function: RequestsFunction, path: str, body: Any, answer: Any) -> None:
    message = request(path, body)
    message["request"]["headers"] = {"Content-Type": "application/json"}
    reply = function.ask(message)
    assert reply["status"] == 200, reply
    body = json.loads(reply["body"])
    if "/v2" in path:
        body = body["outputs"][0]["data"]
    if isinstance(body, dict):
        body = {"predictions": body["predictions"]}
    assert body == answer
    assert reply["id"] == "message-1"


def test_requests_binary_bodies_are_base64(function: RequestsFunction) -> None:
    message = request()
    packed = gzip.compress(b'{"input": [4, 9]}')
    message["request"] |= {"headers": {"Content-Encoding": "gzip"}, "body_base64": base64.b64encode(packed).decode()}
    assert json.loads(function.ask(message)["body"]) == [[8.0, 18.0]]
    output = {"name": "y", "parameters": {"binary_data": True}}
    given = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [4, 9]}
    reply = function.ask(request("/v2/models/modes/infer", {"inputs": [given], "outputs": [output]}))
    assert base64.b64decode(reply["body_base64"]).endswith(b"\0\0\0A\0\0\x90A")


MISTAKES: list[tuple[Any, int, str]] = [
    ("no JSON", 400, "JSON"),
    ([1], 400, "JSON object"),
    ({"schema": 2, "request": {}}, 400, "schema 2"),
    ({"schema": 1}, 400, "request"),
    ({"schema": 1, "request": 7}, 400, "'request'"),
    ({"schema": 1, "request": {"path": 7}}, 400, "path"),
    (request() | {"id": ""}, 400, "'id'"),
    (request() | {"id": "a\nb"}, 400, "'id'"),
    (request() | {"reply": "here"}, 400, "'reply'"),
    (request() | {"reply": {"s3": "replies/", "event": 1}}, 400, "'reply'"),
    (request() | {"reply": {"s3": "models/"}}, 400, "'reply.s3'"),
    (request() | {"reply": {"s3": "s3://another/replies/"}}, 400, "'reply.s3'"),
    (request() | {"reply": {"s3": "replies/../models"}}, 400, "'reply.s3'"),
    (request() | {"reply": {"s3": "replies/a/.."}}, 400, "'reply.s3'"),
    (request() | {"reply": {"s3": "replies/\ud800"}}, 400, "'reply.s3'"),
    (request() | {"reply": {"s3": "replies/" + "é" * 509}}, 400, "1041 bytes"),
    (request(id="😀" * 128) | {"reply": {"s3": "replies/"}}, 400, "1549 bytes"),
    (request() | {"reply": {"queue": "https://sqs.example.com/1/unknown"}}, 400, "'reply.queue'"),
    (request("/models/\ud800/predict"), 400, "path"),
    ({"schema": 1, "request": {"path": "/", "method": "\ud800"}}, 400, "method"),
    ({"schema": 1, "request": {"path": "/", "headers": {"\ud800": "a"}}}, 400, "headers"),
    ({"schema": 1, "request": {"path": "/", "headers": {"a": "\ud800"}}}, 400, "headers"),
    ({"schema": "\ud800", "request": {}}, 400, "schema '\\ud800'"),
    (request("/nowhere"), 404, "/nowhere"),
    (request("/models/missing/predict"), 404, "'missing'"),
    (request(body='{"input": [1]}'), 400, "input"),
    (request(body="\ud800"), 400, "body"),
    ({"schema": 1, "request": {"path": "/predict", "body_base64": "%"}}, 400, "body"),
    ({"schema": 1, "request": {"path": "/predict", "headers": {"a": 1}}}, 400, "'request.headers'"),
    (request(body="1" * 100_001), 413, "100000 bytes"),
]


@pytest.mark.parametrize(("body", "status", "named"), MISTAKES, ids=[named for _, _, named in MISTAKES])
def test_requests_client_error_is_answered_and_not_redelivered(
    function: RequestsFunction, body: Any, status: int, named: str
) -> None:
    reply = function.ask(body)
    assert reply["status"] == status
    assert named in json.loads(reply["body"])["error"]["message"]
    assert function.replies() == {}


def test_requests_redelivered_fifo_messages_are_answered_once_in_order(function: RequestsFunction) -> None:
    name = function.queues["fifo"].rsplit("/", 1)[-1]
    first = request(id="a", reply={"queue": name})
    second = request(id="b", reply={"queue": function.arns[1]})
    event = with_bodies("requests-fifo", first, second, group="north")
    assert function.invoke(event) == []
    assert function.invoke(event) == []  # delivered twice
    found = function.received("fifo")
    assert [json.loads(message["Body"])["id"] for message in found] == ["a", "b"]
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {"north"}
    assert function.invoke(with_bodies("requests", request(reply={"queue": function.queues["plain"]}))) == []
    assert [json.loads(message["Body"])["status"] for message in function.received("plain")] == [200]


ANSWERS = "arn:aws:sqs:us-east-1:{}:answers"
OTHERS = "arn:aws:sqs:us-east-1:{}:others"
FAR = "arn:aws:sqs:eu-west-1:111111111111:far"
SQS = "https://sqs.us-east-1.amazonaws.com"


@pytest.fixture
def cross_account_clients(function: RequestsFunction) -> ReplyClients:
    """Return clients of a stack with reply queues of two accounts and two regions."""
    queues = (ANSWERS.format("1" * 12), ANSWERS.format("2" * 12), OTHERS.format("3" * 12), FAR)
    stack = replace(function.services.clients.stack, reply_queues=queues)
    return replace(function.services.clients, stack=stack)


@pytest.mark.parametrize(
    ("wanted", "queue"),
    [
        (ANSWERS.format("2" * 12), "/222222222222/answers"),
        (ANSWERS.format("1" * 12), "/111111111111/answers"),
        (f"{SQS}/222222222222/answers", "/222222222222/answers"),
        ("http://localhost:8001/111111111111/answers", "/111111111111/answers"),
        ("https://queue.amazonaws.com/222222222222/answers", "/222222222222/answers"),
        ("others", "/333333333333/others"),
    ],
)
def test_reply_address_selects_queue_of_named_account(
    cross_account_clients: ReplyClients, wanted: str, queue: str
) -> None:
    address = replies.address({"queue": wanted}, "order-1", cross_account_clients)
    assert address.target == cross_account_clients.sqs.meta.endpoint_url.rstrip("/") + queue


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ("answers", "ARN"),
        (ANSWERS.format("3" * 12), "stack"),
        (f"{SQS}/333333333333/answers", "stack"),
        ("https://sqs.eu-west-1.amazonaws.com/111111111111/answers", "stack"),
        ("other:others", "stack"),
        (f"x{SQS}/1111111111111/answers", "stack"),
        ("://", "stack"),
        ("", "stack"),
        (7, "stack"),
        (["answers"], "stack"),
        (FAR, "us-east-1"),
        ("far", "us-east-1"),
        ("https://sqs.eu-west-1.amazonaws.com/111111111111/far", "us-east-1"),
        ("https://vpce-0-1.sqs.eu-west-1.vpce.amazonaws.com/111111111111/far", "us-east-1"),
    ],
)
def test_reply_address_ambiguous_or_disallowed_queue_is_refused(
    cross_account_clients: ReplyClients, wanted: Any, named: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^'reply.queue' .*{named}"):
        replies.address({"queue": wanted}, "order-1", cross_account_clients)


def test_requests_redelivered_message_keeps_first_object(function: RequestsFunction, registries: Registries) -> None:
    event = with_bodies("requests", request(id="the/id", reply={"s3": f"s3://{function.cloud.bucket}/replies/a/"}))
    assert function.invoke(event) == []
    before = function.replies()
    assert list(before) == ["replies/a/the%2Fid.json"]
    event["Records"][0]["body"] = json.dumps(request("/nowhere", id="the/id", reply={"s3": "replies/a"}))
    assert function.invoke(event) == []
    assert function.replies() == before


def test_requests_answer_too_large_for_event_is_413(function: RequestsFunction) -> None:
    ask = request("/models/wide/predict", '{"input": [[0.1234567]]}', id="wide")
    reply = function.ask(ask)
    assert reply["status"] == 413
    assert "S3" in json.loads(reply["body"])["error"]["message"]
    assert function.invoke(with_bodies("requests", ask | {"reply": {"s3": "replies/"}})) == []
    assert function.replies()["replies/wide.json"]["status"] == 200


@pytest.fixture
def failing(cloud: Cloud, registries: Registries, tmp_path: Path) -> Iterator[RequestsFunction]:
    """Return the function with a model that answers and a model with changed files."""
    registry = Registry(str(tmp_path / "registry"))
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "modes" / "1", "broken")
    (registry.path("broken", 1) / "model.tflite").write_bytes(b"changed")
    yield RequestsFunction(cloud, registry.location)


def test_requests_internal_error_is_redelivered_without_answer(failing: RequestsFunction) -> None:
    broken = request("/models/broken/predict")
    assert failing.invoke(with_bodies("requests", request(), broken, request())) == ["message-2"]
    assert {announced["detail"]["id"] for announced in failing.cloud.receive_events()} == {"message-1", "message-3"}


def test_requests_fifo_group_waits_for_failed_message(failing: RequestsFunction) -> None:
    event = load("requests-fifo", failing.cloud.bucket)
    for record, body in zip(event["Records"], bodies(event), strict=True):
        path = "/models/broken/predict" if body["id"] == "order-1" else "/predict"
        record["body"] = json.dumps({**body, "request": {"path": path, "body": '{"input": [4, 9]}'}})
    ids = [record["messageId"] for record in event["Records"]]
    assert failing.invoke(event) == [ids[0], ids[2]]  # both of the group north
    assert list(failing.replies()) == ["replies/south/order-2.json"]


def test_requests_unreachable_reply_queue_is_redelivered(function: RequestsFunction) -> None:
    function.cloud.sqs.delete_queue(QueueUrl=function.queues["plain"])
    unreachable = request(reply={"queue": function.queues["plain"]})
    assert function.invoke(with_bodies("requests", unreachable, request())) == ["message-1"]


def test_requests_handler_in_emulator_answers_example_events(
    function: RequestsFunction, s3_environment: dict[str, str], registries: Registries
) -> None:
    environment = s3_environment | {
        "LIGHTSHIP_BUCKET": function.cloud.bucket,
        "LIGHTSHIP_REGISTRY": str(registries.examples),
        "LIGHTSHIP_REPLY_QUEUES": ",".join(function.arns),
        "PYTHONPATH": str(ROOT / "src"),
    }
    with Emulator("lightship.handlers.requests.handler", environment=environment) as emulator:
        for name in ("requests", "requests-fifo"):
            assert emulator.invoke(load(name, function.cloud.bucket)) == {"batchItemFailures": []}
    assert {key: reply["status"] for key, reply in function.replies().items()} == {
        "replies/example/order-1.json": 200,
        "replies/example/order-3.json": 400,
        "replies/north/order-1.json": 200,
        "replies/north/order-3.json": 200,
        "replies/south/order-2.json": 200,
    }


def test_requests_function_answers_for_tensorflow_model(
    function: RequestsFunction, s3_environment: dict[str, str], registries: Registries
) -> None:
    environment = s3_environment | {
        "LIGHTSHIP_BUCKET": function.cloud.bucket,
        "LIGHTSHIP_REGISTRY": str(registries.small),
        "LIGHTSHIP_DEFAULT_MODEL": "words",
        "PYTHONPATH": str(ROOT / "src"),
    }
    messages = [
        request(body={"input": ["ahoy"]}, id="native", reply={"s3": "replies/"}),
        request("/v1/models/words:predict", {"instances": ["sail"]}, id="v1", reply={"s3": "replies/"}),
        request(body={"input": [1]}, id="wrong", reply={"s3": "replies/"}),
    ]
    with Emulator("lightship.handlers.requests.handler", environment=environment, patience=180) as emulator:
        assert emulator.invoke(with_bodies("requests", *messages)) == {"batchItemFailures": []}
    replies = function.replies()
    assert {key: reply["status"] for key, reply in replies.items()} == {
        "replies/native.json": 200,
        "replies/v1.json": 200,
        "replies/wrong.json": 400,
    }
    assert json.loads(replies["replies/native.json"]["body"]) == ["AHOY"]
    assert json.loads(replies["replies/v1.json"]["body"]) == {"predictions": ["SAIL"]}
