"""The local Invoke API, called by boto3 and by web pages."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lightship.local.functions.invocations import Invocations
from lightship.local.functions.workers import ProcessFunction
from lightship.local.template.parts import FunctionSpec
from tests.local.test_workers import ARN, FOLDER


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invocations]:
    folder = tmp_path_factory.mktemp("functions")
    specs = [
        FunctionSpec(name, name, ARN, FOLDER, "app.handler", 20.0, 512, {}, http=False, once=name == "once")
        for name in ("echo", "once")
    ]
    functions = {spec.name: ProcessFunction(spec, environment={}, folder=folder) for spec in specs}
    made = Invocations()
    made.serve(functions)
    yield made
    for function in functions.values():
        function.close()
    made.close()


@pytest.fixture
def client(server: Invocations) -> Iterator[Any]:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
    made = boto3.client("lambda", endpoint_url=server.endpoint, **keys)
    yield made
    made.close()


def invoked(client: Any, name: str, event: Any, **options: Any) -> Any:
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **options)
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


@pytest.mark.parametrize("name", ["echo", ARN])
def test_invoke_by_name_or_arn_returns_result(client: Any, name: str) -> None:
    failed, result = invoked(client, name, {"word": "ä"}, TenantId="a-job")
    assert failed is None
    assert result["event"] == {"word": "ä"}


def test_invoke_once_function_starts_new_process_each_time(client: Any) -> None:
    kept, fresh = ({invoked(client, name, {})[1]["pid"] for _ in range(3)} for name in ("echo", "once"))
    assert (len(kept), len(fresh)) == (1, 3)


@pytest.mark.parametrize(("event", "kind"), [({"raise": "x"}, "KeyError"), ({"exit": 3}, "Runtime.ExitError")])
def test_invoke_function_fails_returns_error(client: Any, event: Any, kind: str) -> None:
    failed, error = invoked(client, "echo", event)
    assert failed == "Unhandled"
    assert error["errorType"] == kind


@pytest.mark.parametrize("name", ["another", "echo2"])
def test_invoke_unknown_function_is_not_found(client: Any, name: str) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        invoked(client, name, {})


def test_invoke_payload_not_json_is_refused(client: Any) -> None:
    with pytest.raises(ClientError) as found:
        client.invoke(FunctionName="echo", Payload=b"{")
    assert found.value.response["Error"]["Code"] == "InvalidRequestContentException"


@pytest.mark.parametrize("headers", [{"Host": "example.org"}, {"Origin": "http://example.org"}])
def test_invoke_from_web_page_is_refused(server: Invocations, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=20)
    connection.request("POST", "/2015-03-31/functions/echo/invocations", b"{}", headers)
    assert connection.getresponse().status == 403
    connection.close()


def test_invocations_closed_before_serving_refuse_connections(tmp_path: Path) -> None:
    made = Invocations()
    address = made.endpoint.removeprefix("http://")
    made.close()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address, timeout=20).connect()
