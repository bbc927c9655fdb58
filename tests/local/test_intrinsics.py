"""Intrinsic functions, evaluated as by CloudFormation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lightship.errors import SettingError
from lightship.local.template.intrinsics import NO_VALUE, Scope, load

DOCUMENT = """
Parameters:
  Name: {Type: String, Default: churn}
  Size: {Type: Number, Default: 12}
  Sites: {Type: CommaDelimitedList, Default: "a, b"}
  Given: {Type: String}
Mappings:
  Visibility: {"12": {Seconds: 72}}
Conditions:
  IsChurn: !Equals [!Ref Name, churn]
  IsTwelve: !Equals [!Ref Size, "12"]
  Both: !And [!Condition IsChurn, Condition: IsTwelve]
  Neither: !Not [!Or [!Condition IsChurn, !Condition IsTwelve]]
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
"""


def lookup(name: str, attribute: str | None) -> str | None:
    return {("Bucket", None): "bucket", ("Bucket", "Arn"): "arn:bucket"}.get((name, attribute))


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    return make(tmp_path, DOCUMENT, Given="g")


def make(folder: Path, text: str, **overrides: str) -> Scope:
    (folder / "template.yaml").write_text(text)
    return Scope(load(folder / "template.yaml"), overrides, {"AWS::Region": "us-east-1"}, lookup)


def resolve(scope: Scope, folder: Path, text: str) -> Any:
    path = folder / "value.yaml"
    path.write_text(f"Resources: {{}}\nValue: {text}\n")
    return scope.resolve(load(path)["Value"], "Thing")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Name", "churn"),
        ("!Ref Size", 12),
        ("!Ref Bucket", "bucket"),
        ("!GetAtt Bucket.Arn", "arn:bucket"),
        ("{Fn::GetAtt: [Bucket, Arn]}", "arn:bucket"),
        (
            "!Sub 's3://${Bucket}/${Name}/${AWS::Region}/${Bucket.Arn}/${!Kept}'",
            "s3://bucket/churn/us-east-1/arn:bucket/${Kept}",
        ),
        ("!Sub ['${X}-${Size}', {X: !If [IsChurn, yes-, no-]}]", "yes--12"),
        ("!Join ['+', !Ref Sites]", "a+b"),
        ("!Select [1, !Ref Sites]", "b"),
        ("!Select ['0', !Split ['/', x/y]]", "x"),
        ("!FindInMap [Visibility, !Ref Size, Seconds]", 72),
        ("!If [Both, [1, !Ref AWS::NoValue], 2]", [1]),
        ("{a: !If [Neither, 1, !Ref AWS::NoValue], b: 2}", {"b": 2}),
        ("{Condition: {StringLike: {x: y}}}", {"Condition": {"StringLike": {"x": "y"}}}),
    ],
)
def test_resolve_intrinsic_function_returns_value(scope: Scope, tmp_path: Path, text: str, value: Any) -> None:
    assert resolve(scope, tmp_path, text) == value


def test_resolve_no_value_alone_returns_no_value(scope: Scope, tmp_path: Path) -> None:
    assert resolve(scope, tmp_path, "!Ref AWS::NoValue") is NO_VALUE


@pytest.mark.parametrize(("condition", "truth"), [("Both", True), ("Neither", False)])
def test_holds_condition_returns_truth(scope: Scope, condition: str, truth: bool) -> None:
    assert scope.holds(condition, "Thing") is truth


def test_scope_overrides_replace_defaults(tmp_path: Path) -> None:
    other = make(tmp_path, DOCUMENT, Given="g", Name="other", Size="13")
    assert other.holds("Neither", "Thing")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("!Ref Missing", "Missing"),
        ("!GetAtt Bucket.Colour", r"Bucket\.Colour"),
        ("!ImportValue x", "Fn::ImportValue"),
        ("!Select [7, !Ref Sites]", "Fn::Select"),
        ("!If [Nowhere, 1, 2]", "'Nowhere'"),
        ("!Sub '${Missing}'", "Missing"),
        ("!FindInMap [Visibility, '13', Seconds]", "Fn::FindInMap"),
        ("!And [a string, !Condition IsChurn]", "a string"),
    ],
)
def test_resolve_unsupported_value_names_resource(scope: Scope, tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingError, match=f"Thing.*{named}"):
        resolve(scope, tmp_path, text)


def test_scope_missing_or_undeclared_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Given"):
        make(tmp_path, DOCUMENT)
    with pytest.raises(SettingError, match="'Colour'"):
        make(tmp_path, DOCUMENT, Colour="red")


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ({"Type": "Number", "MinValue": 512, "MaxValue": 10240}, "99999", "a number from 512 to 10240"),
        ({"Type": "Number"}, "many", "a number from -inf to inf"),
        ({"Type": "String", "AllowedValues": [30, 60]}, "45", "one of 30, 60"),
        ({"Type": "String", "AllowedPattern": "^a+$", "ConstraintDescription": "an a or more"}, "ab", "an a or more"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "^a+$"}, "a, b", "a match of ^a+$"),
    ],
)
def test_scope_invalid_parameter_value_is_refused(
    tmp_path: Path, declared: dict[str, Any], value: str, expected: str
) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(json.dumps({"Parameters": {"Size": declared}, "Resources": {}}))
    with pytest.raises(SettingError, match=re.escape(f"must be {expected}")):
        Scope(load(path), {"Size": value}, {}, lambda name, attribute: None)


@pytest.mark.parametrize("text", ["[1, 2", "- 1", None], ids=["no YAML", "no resources", "no file"])
def test_load_invalid_template_names_file(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "template.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingError, match="template.yaml"):
        load(path)
