"""The template as CloudFormation receives it, after SAM's transform."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.template.deployed import of_type, transformed, values
from tests.template.evaluated import ROOT, SOURCE


@pytest.fixture(scope="module")
def deployed() -> dict[str, Any]:
    """Return the output of SAM's transform with every parameter's default."""
    return transformed()


# Validation, each step stricter than the one before.


def test_template_passes_sam_validate(sam: Any) -> None:
    sam("validate", "--lint")


@pytest.mark.parametrize(("engine", "registry"), [("litert", "image"), ("tensorflow", "bucket")])
def test_template_transformed_has_no_lint(engine: str, registry: str, tmp_path: Path) -> None:
    parameters = {"Engine": engine, "Registry": registry}
    output = tmp_path / "deployed.json"
    output.write_text(json.dumps(transformed(**parameters)))
    linter = Path(sys.executable).with_name("cfn-lint")
    given = [f"{name}={value}" for name, value in parameters.items()]
    done = subprocess.run(
        [linter, "--template", output, "--parameters", *given], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


# Roles and logs.


def test_template_policies_have_no_wildcard_resource_or_action(deployed: dict[str, Any]) -> None:
    owned = of_type(deployed, "AWS::IAM::Role") | of_type(deployed, "AWS::IAM::Policy")
    statements = [each for document in values(owned, "PolicyDocument") for each in document["Statement"]]
    assert len(statements) > 20
    found = [each.get("Fn::If", [None, each])[1] for each in statements]
    assert not [each for each in found if each["Resource"] == "*" or "*" in str(each["Action"])]
    xray = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"}
    assert all(arns == [xray] for arns in values(owned, "ManagedPolicyArns"))


def test_template_functions_have_explicit_roles(deployed: dict[str, Any]) -> None:
    """SAM creates default roles with wildcard policies for functions without one."""
    roles = {name: function["Role"] for name, function in of_type(deployed, "AWS::Lambda::Function").items()}
    assert len(roles) == 6
    assert all(role == {"Fn::GetAtt": [name.replace("Function", "Role"), "Arn"]} for name, role in roles.items())


def test_template_log_groups_use_retention_parameter(deployed: dict[str, Any]) -> None:
    groups = of_type(deployed, "AWS::Logs::LogGroup")
    functions = of_type(deployed, "AWS::Lambda::Function")
    assert all(group["RetentionInDays"] == {"Ref": "LogRetention"} for group in groups.values())
    assert len({json.dumps(group["LogGroupName"]) for group in groups.values()}) == len(groups)
    used = {name: function["LoggingConfig"]["LogGroup"]["Ref"] for name, function in functions.items()}
    assert used == {name: name.replace("Function", "Logs") for name in functions}
    assert groups.keys() == {*used.values(), "AccessLogs"}


def access_log(deployed: dict[str, Any]) -> str:
    """Return the format of the API's access log."""
    stages = of_type(deployed, "AWS::ApiGatewayV2::Stage").values()
    (line,) = (each["AccessLogSettings"]["Format"] for each in stages if each["ApiId"] == {"Ref": "Api"})
    return str(line)


def test_access_log_is_json_without_secrets(deployed: dict[str, Any]) -> None:
    line = access_log(deployed)
    assert json.loads(line)
    assert not re.search(r"header|query|authorizer\.(?!error)|cookie|body", line, re.IGNORECASE)


def test_access_log_values_with_possible_quotes_are_last(deployed: dict[str, Any]) -> None:
    """API Gateway escapes nothing: a broken line is readable up to the broken value."""
    names = list(json.loads(access_log(deployed)))
    assert names[-4:] == ["path", "message", "functionError", "authorizerError"]


def test_function_times_out_before_api() -> None:
    assert not re.search(SOURCE["Parameters"]["Timeout"]["AllowedPattern"], "30")
    assert all(engine["Timeout"] < 30 for engine in SOURCE["Mappings"]["EngineDefaults"].values())


def test_documentation_has_every_parameter_with_default() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    documented = dict(re.findall(r"^\| `([A-Z]\w+)` \|\s*`?([^`|]*?)`?\s*\|", text, re.MULTILINE))
    assert documented == {name: str(entry["Default"]) for name, entry in SOURCE["Parameters"].items()}
