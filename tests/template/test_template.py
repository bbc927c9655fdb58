"""The template as CloudFormation will see it: after SAM's transform, with its parameters decided."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.template.decided import ROOT, SOURCE
from tests.template.deployed import of_type, transformed, values


@pytest.fixture(scope="module")
def deployed() -> dict[str, Any]:
    """The output of SAM's transform with every parameter's default."""
    return transformed()


# Each step finds what the one before lets pass.


def test_sam_accepts_it(sam: Any) -> None:
    sam("validate", "--lint")


@pytest.mark.parametrize(("engine", "registry"), [("litert", "image"), ("tensorflow", "bucket")])
def test_what_the_transform_makes_of_it_has_no_lint(engine: str, registry: str, tmp_path: Path) -> None:
    parameters = {"Engine": engine, "Registry": registry}
    output = tmp_path / "deployed.json"
    output.write_text(json.dumps(transformed(**parameters)))
    linter = Path(sys.executable).with_name("cfn-lint")
    given = [f"{name}={value}" for name, value in parameters.items()]
    done = subprocess.run(
        [linter, "--template", output, "--parameters", *given], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


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


def access_log(deployed: dict[str, Any]) -> str:
    """The format of a line."""
    stages = of_type(deployed, "AWS::ApiGatewayV2::Stage").values()
    (line,) = (each["AccessLogSettings"]["Format"] for each in stages if each["ApiId"] == {"Ref": "Api"})
    return str(line)


def test_the_access_log_is_json_without_secrets(deployed: dict[str, Any]) -> None:
    line = access_log(deployed)
    assert json.loads(line)
    assert not re.search(r"header|query|authorizer\.(?!error)|cookie|body", line, re.IGNORECASE)


def test_access_log_values_that_may_hold_quotes_come_last(deployed: dict[str, Any]) -> None:
    """API Gateway escapes nothing: a line that a caller's path breaks can still be read up to there."""
    names = list(json.loads(access_log(deployed)))
    assert names[-4:] == ["path", "message", "functionError", "authorizerError"]


def test_the_function_gives_up_before_the_api_does() -> None:
    assert not re.search(SOURCE["Parameters"]["Timeout"]["AllowedPattern"], "30")
    assert all(engine["Timeout"] < 30 for engine in SOURCE["Mappings"]["EngineDefaults"].values())


def test_the_documentation_has_every_parameter_with_its_default() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    documented = dict(re.findall(r"^\| `([A-Z]\w+)` \|\s*`?([^`|]*?)`?\s*\|", text, re.MULTILINE))
    assert documented == {name: str(entry["Default"]) for name, entry in SOURCE["Parameters"].items()}
