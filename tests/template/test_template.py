"""The template as CloudFormation will see it: after SAM's transform, with its parameters decided."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.template.decided import ROOT, SOURCE, Decided

JWT = {"ApiAuth": "JWT", "JwtIssuer": "https://id.example.org", "JwtAudience": ["lightship"]}
AUTHORIZER = "arn:aws:lambda:eu-west-1:123456789012:function:authorize"
LAMBDA = {"ApiAuth": "LAMBDA", "AuthorizerArn": AUTHORIZER}


@pytest.fixture(scope="module")
def deployed() -> dict[str, Any]:
    """The output of SAM's transform with every parameter's default."""
    return transformed()


def transformed(**parameters: str) -> dict[str, Any]:
    """The output of SAM's transform, as images and archives that have been pushed are deployed."""
    template = copy.deepcopy(SOURCE)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://deployments/layer"
        if resource["Type"] == "AWS::Serverless::Function":
            image = resource["Properties"].get("PackageType") == "Image"
            pushed = {"ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/lightship:1"}
            resource["Properties"] |= pushed if image else {"CodeUri": "s3://deployments/function"}
    session = boto3.Session(region_name="eu-west-1")
    result: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(template, parameters)
    return result


def api(template: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """The OpenAPI document that API Gateway imports."""
    return Decided(template, **parameters)(template["Resources"]["Api"]["Properties"]["Body"])


def values(node: Any, key: str) -> Iterator[Any]:
    """What stands under `key`, however deep."""
    for name, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if name == key:
            yield child
        yield from values(child, key)


def of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: entry["Properties"] for name, entry in template["Resources"].items() if entry["Type"] == kind}


# Each step finds what the one before lets pass.


def test_sam_accepts_it(sam: Any) -> None:
    sam("validate", "--lint")


@pytest.mark.parametrize("engine", SOURCE["Parameters"]["Engine"]["AllowedValues"])
def test_what_the_transform_makes_of_it_has_no_lint(engine: str, tmp_path: Path) -> None:
    output = tmp_path / "deployed.json"
    output.write_text(json.dumps(transformed(Engine=engine)))
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [linter, "--template", output, "--parameters", f"Engine={engine}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


# Who may call.


@pytest.mark.parametrize(
    ("parameters", "security"),
    [
        ({}, [{"iam": []}]),
        ({"ApiAuth": "AWS_IAM"}, [{"iam": []}]),
        (JWT, [{"jwt": []}]),
        (LAMBDA, [{"function": []}]),
        ({"ApiAuth": "NONE"}, []),
    ],
    ids=["nothing said", "AWS_IAM", "JWT", "LAMBDA", "NONE"],
)
def test_every_route_asks_who_calls(
    deployed: dict[str, Any], parameters: dict[str, Any], security: list[dict[str, list[str]]]
) -> None:
    document = api(deployed, **parameters)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert operations
    assert all(operation["security"] == security for operation in operations)
    assert all(name in document["components"]["securitySchemes"] for scheme in security for name in scheme)


def test_only_the_word_none_opens_the_api() -> None:
    allowed = SOURCE["Parameters"]["ApiAuth"]["AllowedValues"]
    assert [value for value in allowed if api_security(value) == []] == ["NONE"]
    assert SOURCE["Parameters"]["ApiAuth"]["Default"] == "AWS_IAM"


def api_security(value: str) -> Any:
    body = SOURCE["Resources"]["Api"]["Properties"]["DefinitionBody"]
    (operation,) = (operation for path in body["paths"].values() for operation in path.values())
    return Decided(SOURCE, ApiAuth=value)(operation["security"])


def test_the_three_schemes_are_what_api_gateway_knows(deployed: dict[str, Any]) -> None:
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


def test_every_event_is_a_route_of_the_definition(deployed: dict[str, Any]) -> None:
    """SAM would add a missing one by itself: without `security`."""
    functions = of_type(SOURCE, "AWS::Serverless::Function").values()
    events = [event for function in functions for event in function.get("Events", {}).values()]
    routes = {event["Properties"]["Path"] for event in events if event["Type"] == "HttpApi"}
    assert routes == set(api(deployed)["paths"])
    assert "$default" not in str(api(deployed)["paths"])


def test_routes_call_the_alias(deployed: dict[str, Any]) -> None:
    (alias,) = of_type(deployed, "AWS::Lambda::Alias")
    (integration,) = values(deployed["Resources"]["Api"], "x-amazon-apigateway-integration")
    assert integration["uri"]["Fn::Sub"][1] == {"Alias": {"Ref": alias}}
    permissions = of_type(deployed, "AWS::Lambda::Permission").values()
    assert [each["Principal"] for each in permissions if each["FunctionName"] == {"Ref": alias}] == [
        "apigateway.amazonaws.com"
    ]


def test_no_web_site_may_call_unless_named(deployed: dict[str, Any]) -> None:
    assert "x-amazon-apigateway-cors" not in api(deployed)
    named = api(deployed, CorsOrigins=["https://example.org"])
    assert named["x-amazon-apigateway-cors"]["allowOrigins"] == ["https://example.org"]


def test_the_setting_for_sam_local_says_nothing_on_aws(deployed: dict[str, Any]) -> None:
    key = "x-amazon-apigateway-binary-media-types"
    assert api(deployed, **{"AWS::URLSuffix": "amazonaws.com"})[key] == []
    assert api(deployed, **{"AWS::URLSuffix": "localhost"})[key] == ["*/*"]


# What functions may do, and what is written down.


def test_no_policy_of_a_role_names_everything(deployed: dict[str, Any]) -> None:
    owned = of_type(deployed, "AWS::IAM::Role") | of_type(deployed, "AWS::IAM::Policy")
    statements = [each for document in values(owned, "PolicyDocument") for each in document["Statement"]]
    assert len(statements) > 20
    found = [each.get("Fn::If", [None, each])[1] for each in statements]
    assert not [each for each in found if each["Resource"] == "*" or "*" in str(each["Action"])]
    xray = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"}
    assert all(arns == [xray] for arns in values(owned, "ManagedPolicyArns"))


def test_every_function_has_the_role_that_is_written_here(deployed: dict[str, Any]) -> None:
    """SAM makes one where none is named, with policies that name everything."""
    roles = {name: function["Role"] for name, function in of_type(deployed, "AWS::Lambda::Function").items()}
    assert len(roles) == 6
    assert all(role == {"Fn::GetAtt": [name.replace("Function", "Role"), "Arn"]} for name, role in roles.items())


def test_logs_are_kept_for_as_long_as_the_parameter_says(deployed: dict[str, Any]) -> None:
    groups = of_type(deployed, "AWS::Logs::LogGroup")
    functions = of_type(deployed, "AWS::Lambda::Function")
    assert all(group["RetentionInDays"] == {"Ref": "LogRetention"} for group in groups.values())
    assert len({json.dumps(group["LogGroupName"]) for group in groups.values()}) == len(groups)
    used = {name: function["LoggingConfig"]["LogGroup"]["Ref"] for name, function in functions.items()}
    assert used == {name: name.replace("Function", "Logs") for name in functions}
    assert groups.keys() == {*used.values(), "AccessLogs"}


def test_the_access_log_is_json_without_secrets(deployed: dict[str, Any]) -> None:
    (stage,) = of_type(deployed, "AWS::ApiGatewayV2::Stage").values()
    line = stage["AccessLogSettings"]["Format"]
    assert json.loads(line)
    assert not re.search(r"header|query|authorizer\.(?!error)|cookie|body", line, re.IGNORECASE)


def test_the_function_gives_up_before_the_api_does() -> None:
    assert not re.search(SOURCE["Parameters"]["Timeout"]["AllowedPattern"], "30")
    assert all(engine["Timeout"] < 30 for engine in SOURCE["Mappings"]["EngineDefaults"].values())


def test_the_documentation_has_every_parameter_with_its_default() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    documented = dict(re.findall(r"^\| `([A-Z]\w+)` \|\s*`?([^`|]*?)`?\s*\|", text, re.MULTILINE))
    assert documented == {name: str(entry["Default"]) for name, entry in SOURCE["Parameters"].items()}
