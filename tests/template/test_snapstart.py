"""The parameter SnapStart."""

from __future__ import annotations

import re

import pytest

from tests.template.deployed import of_type, transformed
from tests.template.evaluated import ROOT, SOURCE, Evaluated

VALUES = SOURCE["Parameters"]["SnapStart"]["AllowedValues"]


@pytest.mark.parametrize(
    ("value", "disk", "accepted"),
    [
        ("None", 1024, True),
        ("PublishedVersions", 1024, False),
        ("PublishedVersions", 513, False),
        ("PublishedVersions", 512, True),
    ],
)
def test_snapstart_with_more_ephemeral_storage_than_512_mb_is_refused(value: str, disk: int, accepted: bool) -> None:
    rule = SOURCE["Rules"]["SnapStartNeedsASmallDisk"]
    (assertion,) = rule["Assertions"]
    given = Evaluated(SOURCE, SnapStart=value, Disk=str(disk))  # CloudFormation compares texts
    assert (not given(rule["RuleCondition"]) or given(assertion["Assert"])) == accepted
    assert SOURCE["Parameters"]["Disk"]["MinValue"] == 512


@pytest.mark.parametrize("value", VALUES)
def test_snapstart_applies_to_versions_of_predict_function_only(value: str) -> None:
    deployed = transformed(SnapStart=value)
    applied = {
        name: Evaluated(deployed, SnapStart=value)(function["SnapStart"])
        for name, function in of_type(deployed, "AWS::Lambda::Function").items()
        if "SnapStart" in function
    }
    assert applied == {"PredictFunction": {"ApplyOn": value}}
    (alias,) = of_type(deployed, "AWS::Lambda::Alias").values()
    (version,) = of_type(deployed, "AWS::Lambda::Version").values()
    assert alias["FunctionName"] == version["FunctionName"] == {"Ref": "PredictFunction"}
    assert deployed["Resources"][alias["FunctionVersion"]["Fn::GetAtt"][0]]["Type"] == "AWS::Lambda::Version"


def test_snapstart_is_off_by_default() -> None:
    assert SOURCE["Parameters"]["SnapStart"]["Default"] == "None"
    assert set(VALUES) == {"None", "PublishedVersions"}


def test_predict_image_is_based_on_runtime_with_snapstart() -> None:
    """AWS's base images of Python 3.12 and later have the runtime's part of it."""
    bases = re.findall(r"^FROM (\S+/\S+)", (ROOT / "functions" / "predict" / "Dockerfile").read_text(), re.MULTILINE)
    (base,) = set(bases)
    found = re.fullmatch(r"public\.ecr\.aws/lambda/python:3\.(\d+)", base)
    assert found is not None
    assert int(found[1]) >= 12
