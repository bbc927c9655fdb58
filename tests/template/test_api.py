"""The HTTP API after SAM's transform: routes, authorizers and CORS."""

from __future__ import annotations

import copy
import re
from typing import Any

import openapi_spec_validator
import pytest
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.provider import Stack

from lightship.dispatch.callers import PAGE_ROUTES
from lightship.settings import Settings
from tests.template.deployed import api, of_type, transformed, values
from tests.template.evaluated import SOURCE, Evaluated, environment

METHODS = {"get", "head", "post", "put", "patch", "delete"}
JWT = {"ApiAuth": "JWT", "JwtIssuer": "https://id.example.org", "JwtAudience": ["lightship"]}
AUTHORIZER = "arn:aws:lambda:eu-west-1:123456789012:function:authorize"
LAMBDA = {"ApiAuth": "LAMBDA", "AuthorizerArn": AUTHORIZER}
MODES: dict[str, tuple[dict[str, Any], list[dict[str, list[str]]]]] = {
    "default": ({}, [{"iam": []}]),
    "AWS_IAM": ({"ApiAuth": "AWS_IAM"}, [{"iam": []}]),
    "JWT": (JWT, [{"jwt": []}]),
    "LAMBDA": (LAMBDA, [{"function": []}]),
    "NONE": ({"ApiAuth": "NONE"}, []),
}

every_mode = pytest.mark.parametrize(("parameters", "security"), MODES.values(), ids=MODES)


@pytest.fixture(scope="module")
def deployed() -> dict[str, Any]:
    """Return the output of SAM's transform with every parameter's default."""
    return transformed()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of the API, without those of the page, by method."""
    return dict(document["paths"]["/{proxy+}"])


def page_operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of the page, by route key."""
    paths = {path: methods for path, methods in document["paths"].items() if path != "/{proxy+}"}
    return {f"{method.upper()} {path}": each for path, methods in paths.items() for method, each in methods.items()}


@every_mode
def test_api_every_route_requires_configured_authorizer(
    deployed: dict[str, Any], parameters: dict[str, Any], security: list[dict[str, list[str]]]
) -> None:
    document = api(deployed, **parameters)
    assert operations(document).keys() == METHODS
    assert all(operation["security"] == security for operation in operations(document).values())
    assert all(name in document["components"]["securitySchemes"] for scheme in security for name in scheme)


@every_mode
def test_page_routes_have_no_authorizer(
    deployed: dict[str, Any], parameters: dict[str, Any], security: list[dict[str, list[str]]]
) -> None:
    """Require an empty `security`: without it, SAM would add its default."""
    found = page_operations(api(deployed, **parameters))
    assert found.keys() == PAGE_ROUTES
    assert all(operation["security"] == [] for operation in found.values())


@pytest.mark.parametrize(
    ("parameters", "method"),
    [
        ({}, "iam"),
        ({"ApiAuth": "NONE"}, "none"),
        (LAMBDA, "token"),
        (JWT, "token"),
        (JWT | {"JwtClient": "page"}, "jwt"),
        ({"ApiAuth": "NONE", "JwtClient": "page"}, "none"),
    ],
)
def test_sign_in_of_page_follows_authorizer(parameters: dict[str, Any], method: str) -> None:
    origins = {"JwtOrigins": ["https://pool.auth.example", "https://b.example"]}
    variables = environment("PredictFunction", **parameters, **origins)
    assert variables["LIGHTSHIP_SIGN_IN"] == method
    settings = Settings.from_environment(variables)
    assert settings.page.sign_in_of(None)["method"] == method
    assert "https://pool.auth.example" in settings.page.origins


@every_mode
def test_api_preflight_reaches_no_route(
    deployed: dict[str, Any], parameters: dict[str, Any], security: list[dict[str, list[str]]]
) -> None:
    """API Gateway answers preflights by its CORS setting, with every authorizer."""
    document = api(deployed, CorsOrigins=["https://example.org"], **parameters)
    caught = {"options", "x-amazon-apigateway-any-method"}
    assert not [path for path in document["paths"].values() if path.keys() & caught]
    assert document["x-amazon-apigateway-cors"]["allowOrigins"] == ["https://example.org"]


def test_cors_allows_all_methods_with_routes(deployed: dict[str, Any]) -> None:
    document = api(deployed, CorsOrigins=["https://example.org"])
    allowed = document["x-amazon-apigateway-cors"]["allowMethods"]
    assert {method.lower() for method in allowed} == operations(document).keys()


def test_cors_without_origins_is_off(deployed: dict[str, Any]) -> None:
    assert "x-amazon-apigateway-cors" not in api(deployed)


@every_mode
def test_api_definition_is_complete_openapi(
    deployed: dict[str, Any], parameters: dict[str, Any], security: list[dict[str, list[str]]]
) -> None:
    """Validate SAM's output, to which SAM adds parts.

    A warning of API Gateway would fail the deployment (FailOnWarnings).
    """
    document = api(deployed, **{"AWS::StackName": "lightship"}, CorsOrigins=["https://example.org"], **parameters)
    openapi_spec_validator.validate(document)
    (settings,) = (entry for name, entry in of_type(deployed, "AWS::ApiGatewayV2::Api").items() if name == "Api")
    assert settings["FailOnWarnings"] is True


def test_api_has_no_binary_media_types(deployed: dict[str, Any]) -> None:
    key = "x-amazon-apigateway-binary-media-types"
    assert key not in api(deployed)
    made = [
        name
        for name, resource in deployed["Resources"].items()
        if list(values(resource, key)) and resource.get("Condition") != "IsSamLocal"
    ]
    assert made == []
    assert not Evaluated(deployed, **{"AWS::URLSuffix": "amazonaws.com"}).holds("IsSamLocal")
    assert not Evaluated(deployed, **{"AWS::URLSuffix": "amazonaws.com.cn"}).holds("IsSamLocal")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised by SAM's dependencies
@pytest.mark.parametrize("mode", SOURCE["Parameters"]["ApiAuth"]["AllowedValues"])
def test_sam_local_finds_every_route_and_accepts_binary_bodies(mode: str) -> None:
    stack = Stack("", "", "template.yaml", {"ApiAuth": mode}, copy.deepcopy(SOURCE))
    found = ApiProvider([stack]).api
    methods = {method.lower() for route in found.routes for method in route.methods}
    assert {(route.path, route.function_name) for route in found.routes} == {
        (path, "PredictFunction") for path in ("/{proxy+}", "/", "/app/{proxy+}", "/service-worker.js")
    }
    assert methods >= METHODS
    assert found.binary_media_types == ["*/*"]


def test_api_is_open_only_with_auth_disabled() -> None:
    allowed = SOURCE["Parameters"]["ApiAuth"]["AllowedValues"]
    assert [value for value in allowed if _security(value) == []] == ["NONE"]
    assert SOURCE["Parameters"]["ApiAuth"]["Default"] == "AWS_IAM"


def _security(value: str) -> Any:
    body = SOURCE["Resources"]["Api"]["Properties"]["DefinitionBody"]
    return Evaluated(SOURCE, ApiAuth=value)(operations(body)["get"]["security"])


def test_security_schemes_match_api_gateway_authorizers(deployed: dict[str, Any]) -> None:
    iam = api(deployed)["components"]["securitySchemes"]
    assert iam.keys() == {"iam"}
    assert iam["iam"]["x-amazon-apigateway-authtype"] == "awsSigv4"

    jwt = api(deployed, **JWT)["components"]["securitySchemes"]["jwt"]
    assert jwt["type"] == "oauth2"
    expected = {"issuer": "https://id.example.org", "audience": ["lightship"]}
    assert jwt["x-amazon-apigateway-authorizer"]["jwtConfiguration"] == expected

    function = api(deployed, **LAMBDA)["components"]["securitySchemes"]["function"]
    assert function["x-amazon-apigateway-authorizer"]["type"] == "request"
    assert function["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] == 0


def test_api_routes_equal_function_events(deployed: dict[str, Any]) -> None:
    """SAM would add a missing route without `security`."""
    functions = of_type(SOURCE, "AWS::Serverless::Function").values()
    events = [event for function in functions for event in function.get("Events", {}).values()]
    routes = {
        (event["Properties"]["Path"], event["Properties"]["Method"].lower())
        for event in events
        if event["Type"] == "HttpApi"
    }
    assert routes == {(path, method) for path, methods in api(deployed)["paths"].items() for method in methods}
    assert "$default" not in str(api(deployed)["paths"])


def test_base_path_is_passed_to_function() -> None:
    assert environment("PredictFunction")["LIGHTSHIP_BASE_PATH"] == ""
    assert environment("PredictFunction", BasePath="/ml")["LIGHTSHIP_BASE_PATH"] == "/ml"
    pattern = SOURCE["Parameters"]["BasePath"]["AllowedPattern"]
    assert all(re.search(pattern, text) for text in ("", "/ml", "/ml/v2"))
    assert not any(re.search(pattern, text) for text in ("/", "ml", "/ml/", "https://h/ml"))


def test_metrics_are_off_by_default() -> None:
    assert environment("PredictFunction")["LIGHTSHIP_METRICS"] == "false"
    assert environment("PredictFunction", Metrics="true")["LIGHTSHIP_METRICS"] == "true"
    assert Settings.from_environment({"LIGHTSHIP_METRICS": "true"}).metrics


def test_routes_invoke_alias(deployed: dict[str, Any]) -> None:
    (alias,) = of_type(deployed, "AWS::Lambda::Alias")
    integrations = list(values(deployed["Resources"]["Api"], "x-amazon-apigateway-integration"))
    assert len(integrations) == len(METHODS) + len(PAGE_ROUTES)
    assert all(each["uri"]["Fn::Sub"][1] == {"Alias": {"Ref": alias}} for each in integrations)
    permissions = of_type(deployed, "AWS::Lambda::Permission").values()
    granted = [each for each in permissions if each["FunctionName"] == {"Ref": alias}]
    assert {each["Principal"] for each in granted} == {"apigateway.amazonaws.com"}
    assert len(granted) == len(METHODS) + len(PAGE_ROUTES)
