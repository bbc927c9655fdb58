"""Events of every service: the files of events/, and incomplete events."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from lightship.app.core import Core
from lightship.dispatch.callers import caller_of
from lightship.handlers.gateway.events import HttpEvent, read_event
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.serve import core, gateway

pytestmark = pytest.mark.usefixtures("mangum_loop")

Invoke = Callable[[Any], dict[str, Any]]


def load(name: str) -> Any:
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def made(registries: Registries) -> Core:
    return core(registries.examples)


@pytest.fixture(params=[True, False], ids=["fast path", "application"])
def invoke(request: pytest.FixtureRequest, made: Core) -> Invoke:
    handler = gateway(made, fast=request.param)
    return lambda event: handler(event, None)


def read(event: Any) -> HttpEvent:
    found = read_event(event, "")
    assert found is not None
    return found


HTTP = ["predict", "stage", "function-url", "rest-api", "load-balancer", "load-balancer-multi-value"]
HTTP += ["lattice", "lattice-1"]


@pytest.mark.parametrize("name", HTTP)
def test_gateway_http_event_returns_prediction(invoke: Invoke, name: str) -> None:
    answer = invoke(load(name))
    assert answer["statusCode"] == 200, answer
    value = json.loads(answer["body"])
    ((score,),) = value["predictions"] if isinstance(value, dict) else value
    assert 0 < score < 1


@pytest.mark.parametrize("name", HTTP)
def test_gateway_page_of_every_format_is_served(invoke: Invoke, name: str) -> None:
    event = load(name)
    text = (
        json.dumps(event).replace("/models/quick%73tart/predict", "/openapi.json").replace("/predict", "/openapi.json")
    )
    answer = invoke(json.loads(text.replace('"POST"', '"GET"')))
    assert answer["statusCode"] == 200, answer
    assert "/models/quickstart/predict" in answer["body"]


def test_gateway_load_balancer_with_lists_gets_lists(invoke: Invoke) -> None:
    for path in ("/predict", "/nowhere"):
        answer = invoke(load("load-balancer-multi-value") | {"path": path})
        assert "headers" not in answer
        assert answer["multiValueHeaders"]["content-type"] == ["application/json"]
    assert "multiValueHeaders" not in invoke(load("load-balancer"))


def event_for(
    path: str, *, stage: str = "$default", domain: str = "example.execute-api.eu-west-1.amazonaws.com"
) -> Any:
    event = load("models") | {"rawPath": path}
    event["requestContext"] |= {"stage": stage, "domainName": domain}
    return event


@pytest.mark.parametrize(
    ("event", "base_path", "status"),
    [
        (event_for("/prod/models", stage="prod"), "", 200),
        (event_for("/models", stage="prod"), "", 200),  # a custom domain that maps its root to the stage
        (event_for("/production/models", stage="prod"), "", 404),
        (event_for("/v1/v1/models/quickstart", stage="v1"), "", 200),
        (event_for("/ml/models"), "/ml", 200),
        (event_for("/ml/models"), "", 404),
        (event_for("/mla/models"), "/ml", 404),
        (event_for("/ml"), "/ml", 200),
        (event_for("/prod/ml/models", stage="prod"), "/ml", 200),
        (event_for("/ml/v2/models/stats"), "/ml/v2", 404),
        (load("rest-api") | {"path": "/ml/predict"}, "/ml", 200),
        (load("load-balancer-multi-value") | {"path": "/ml/predict"}, "/ml", 200),
    ],
)
def test_gateway_prefix_is_removed(registries: Registries, event: Any, base_path: str, status: int) -> None:
    assert gateway(core(registries.examples, base_path=base_path))(event, None)["statusCode"] == status


def page_event(path: str, route: str, *, stage: str = "$default") -> Any:
    """Return an event of a route without an authorizer, from a browser."""
    event = event_for(path, stage=stage)
    event["headers"] |= {"accept": "text/html"}
    event["requestContext"] |= {"routeKey": route, "authorizer": None}
    return event


@pytest.mark.parametrize(
    ("event", "base_path", "location"),
    [
        (page_event("/prod", "GET /", stage="prod"), "", "prod/"),
        (page_event("/team/ml", "GET /"), "/team/ml", "ml/"),
        (page_event("/prod/", "GET /", stage="prod"), "", None),
        (page_event("/", "GET /"), "/ml", None),
    ],
)
@pytest.mark.parametrize("fast", [True, False])
def test_gateway_page_redirects_to_final_slash(
    registries: Registries, event: Any, base_path: str, location: str | None, fast: bool
) -> None:
    answer = gateway(core(registries.examples, base_path=base_path), fast=fast)(event, None)
    assert answer["headers"].get("location") == location
    assert answer["statusCode"] == 308 if location else answer["headers"]["content-type"].startswith("text/html")


@pytest.mark.parametrize(("path", "status"), [("/app/models", 401), ("/app/openapi.json", 401), ("/app/", 200)])
@pytest.mark.parametrize("fast", [True, False])
def test_gateway_route_of_page_authenticates_no_other_path(
    registries: Registries, path: str, status: int, fast: bool
) -> None:
    """A base path below /app/ must not make the API's routes open."""
    event = page_event(path, "GET /app/{proxy+}") | {"headers": {"accept": "*/*", "host": "example.org"}}
    assert gateway(core(registries.examples, base_path="/app"), fast=fast)(event, None)["statusCode"] == status


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (event_for("/models/quickstart"), 200),
        (event_for("/models/quick%73tart"), 404),  # an HTTP API has decoded %2573
        (event_for("/models/quick%73tart", domain="x.lambda-url.eu-west-1.on.aws"), 200),
        (event_for("/models/quick%2573tart", domain="x.lambda-url.eu-west-1.on.aws"), 404),
        (load("load-balancer") | {"path": "/models/quick%2573tart/predict"}, 404),
        (load("rest-api") | {"path": "/models/quick%73tart/predict"}, 200),
        (load("rest-api") | {"path": "/models/quick%2573tart/predict"}, 404),
        (load("rest-api") | {"path": "/models/quick%73tart/predict", "version": "1.0"}, 404),
        (load("lattice") | {"path": "/models/quick%2573tart/predict"}, 404),
        (event_for("/models/%e9"), 404),
    ],
)
def test_gateway_path_is_decoded_once(invoke: Invoke, event: Any, status: int) -> None:
    assert invoke(event)["statusCode"] == status


def test_gateway_page_path_is_decoded_once(invoke: Invoke) -> None:
    assert invoke(event_for("/openapi.json"))["statusCode"] == 200
    assert invoke(event_for("/open%61pi.json"))["statusCode"] == 404


@pytest.mark.parametrize(
    ("context", "caller"),
    [
        ({"authorizer": {"principalId": "ann", "lambda": "text"}}, "lambda:ann"),
        ({"authorizer": {"lambda": "text"}}, "unknown"),
        ({"authorizer": {"claims": {"iss": "https://id", "sub": "7"}}}, "https://id#7"),
        ({"authorizer": {"claims": "text", "principalId": "ann"}}, "lambda:ann"),
        ({"identity": {"userArn": "arn:aws:iam::1:user/ann"}}, "arn:aws:iam::1:user/ann"),
        (
            {"identity": {"userArn": "arn", "cognitoIdentityPoolId": "pool", "cognitoIdentityId": "id"}},
            "cognito:id",
        ),
        ({"identity": {"userArn": None}, "authorizer": None}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_rest_api_caller_is_read_from_authorizer(context: dict[str, Any], caller: str) -> None:
    assert caller_of(read(load("rest-api") | {"requestContext": context}).context) == caller


def test_lattice_caller_is_principal() -> None:
    event = load("lattice")
    assert caller_of(read(event).context) == "arn:aws:iam::123456789012:role/example"
    del event["requestContext"]["identity"]["type"]
    assert caller_of(read(event).context) == "unknown"


def test_payload_2_authorizer_of_another_shape_is_unknown(invoke: Invoke) -> None:
    event = load("predict")
    event["requestContext"]["authorizer"] = {"lambda": "text"}
    assert invoke(event)["statusCode"] == 200


@pytest.mark.parametrize(
    ("event", "query"),
    [
        (load("load-balancer-multi-value"), "a=1&a=2"),
        (load("load-balancer") | {"queryStringParameters": {"a": "x%20y"}}, "a=x%20y"),
        (load("rest-api") | {"queryStringParameters": {"a": "x y"}}, "a=x+y"),
        (load("rest-api") | {"multiValueQueryStringParameters": {"a": ["1", "2"]}}, "a=1&a=2"),
        (load("lattice") | {"queryStringParameters": {"a": ["1", "2"]}}, "a=1&a=2"),
        (load("lattice-1"), "a=1"),
    ],
)
def test_formats_query_is_kept(event: Any, query: str) -> None:
    assert read(event).request.query == query


def test_formats_repeated_headers_are_joined() -> None:
    event = load("rest-api")
    event["multiValueHeaders"]["Accept"] = ["text/html", "text/plain"]
    assert read(event).request.headers["accept"] == "text/html, text/plain"


def without(name: str, *keys: str) -> Any:
    event = copy.deepcopy(load(name))
    inner = event
    for key in keys[:-1]:
        inner = inner[key]
    del inner[keys[-1]]
    return event


@pytest.mark.parametrize(
    "event",
    [
        load("predict") | {"body": {"input": [1, 2, 3]}},
        load("predict") | {"body": [1]},
        load("predict") | {"body": 7},
        load("predict") | {"headers": {"host": 1}},
        load("predict") | {"headers": [["host", "h"]]},
        load("predict") | {"rawPath": None},
        load("predict") | {"rawPath": "/models/\ud800"},
        load("predict") | {"rawQueryString": 1},
        without("predict", "rawPath"),
        without("predict", "requestContext", "http", "method"),
        without("rest-api", "path"),
        load("rest-api") | {"path": None},
        load("rest-api") | {"requestContext": [1]},
        load("rest-api") | {"multiValueHeaders": {"a": [1]}},
        load("rest-api") | {"queryStringParameters": 7},
        load("load-balancer") | {"path": 7},
        load("load-balancer") | {"headers": "x"},
        load("lattice") | {"path": 7},
        load("lattice-1") | {"raw_path": []},
    ],
    ids=lambda event: ",".join(event)[:40],
)
def test_gateway_incomplete_http_event_is_400(invoke: Invoke, event: Any) -> None:
    answer = invoke(event)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"]  # in the format of the path's protocol


def test_direct_invocation_returns_prediction(invoke: Invoke) -> None:
    record = invoke(load("direct"))
    assert (record["model"], record["version"], len(record["predictions"])) == ("quickstart", 1, 1)
    assert record == invoke({"input": [1.0, 2.0, 3.0]}) == invoke({"inputs": [[1, 2, 3]], "version": "1"})


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"input": [1, 2]}, "invalid_input"),
        ({"input": [1, 2, 3], "model": "nothing"}, "not_found"),
        ({"input": [1, 2, 3], "model": 7}, "invalid_input"),
        ({"input": [1, 2, 3], "model": "a/b"}, "invalid_input"),
        ({"input": [1, 2, 3], "model": "\ud800"}, "invalid_input"),
        ({"input": [1, 2, 3], "version": 9}, "not_found"),
        ({"input": [1, 2, 3], "version": 0}, "not_found"),
        ({"input": [1, 2, 3], "version": True}, "invalid_input"),
        ({"input": [1, 2, 3], "version": "1/x"}, "invalid_input"),
        ({"input": [1, 2, 3], "outputs": ["x"]}, "not_found"),
        ({"input": [1, 2, 3], "unknown": 1}, "invalid_input"),
        ({"input": [2**70, 2, 3]}, "invalid_input"),
        ({"input": [float("nan"), 2, 3]}, "invalid_input"),
        (None, "invalid_input"),
        ([1], "invalid_input"),
        ("text", "invalid_input"),
        (7, "invalid_input"),
        ({}, "invalid_input"),
        ({"requestContext": None}, "invalid_input"),
        ({"requestContext": {"routeKey": "$connect", "connectionId": "x"}}, "invalid_input"),
        ({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}, "invalid_input"),
        (load("requests"), "invalid_input"),
    ],
    ids=str,
)
def test_invocation_refused_returns_error_object(invoke: Invoke, event: Any, code: str) -> None:
    answer = invoke(event)
    assert set(answer) == {"error"}
    assert answer["error"]["code"] == code
    assert answer["error"]["message"]


@pytest.mark.parametrize(
    "event",
    [
        load("warmer"),
        load("schedule"),
        load("schedule") | {"source": "aws.scheduler"},
        {"warmer": True, "concurrency": 3},
        {"warmup": True},
        {"source": "serverless-plugin-lambda-warmup"},
    ],
)
def test_warmer_returns_live(invoke: Invoke, event: Any) -> None:
    assert invoke(event) == {"status": "live"}


def test_direct_invocation_needs_no_token(registries: Registries) -> None:
    handler = gateway(core(registries.examples, token="sesame"))
    assert "predictions" in handler(load("direct"), None)
    for name in HTTP:
        assert handler(load(name), None)["statusCode"] == 401
