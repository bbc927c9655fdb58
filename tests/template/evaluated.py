"""Evaluation of the template's parameters and conditions, as by CloudFormation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).parents[2]
SOURCE = yaml_parse((ROOT / "template.yaml").read_text())


class Evaluated:
    """A template whose parameters have values and whose conditions are true or false.

    Call it with a part of the template to get the part's value. ``parameters`` may also give values of pseudo
    parameters, resources and their attributes.
    """

    def __init__(self, template: dict[str, Any], **parameters: Any) -> None:
        declared = template["Parameters"]
        self.conditions = template["Conditions"]
        self.mappings = template["Mappings"]
        self.values = {name: entry.get("Default") for name, entry in declared.items()} | parameters
        for name, entry in declared.items():
            if entry["Type"] == "CommaDelimitedList" and isinstance(self.values[name], str):
                self.values[name] = self.values[name].split(",")

    def __call__(self, node: Any) -> Any:
        match node:
            case {"Ref": "AWS::NoValue"}:
                node = None
            case {"Ref": name}:
                node = self.values.get(name, node)
            case {"Fn::GetAtt": [name, attribute]}:
                node = self.values.get(f"{name}.{attribute}", node)
            case {"Fn::Sub": [text, variables]}:
                node = Evaluated._fill(text, self.values | {name: self(value) for name, value in variables.items()})
            case {"Fn::Sub": text}:
                node = Evaluated._fill(text, self.values)
            case {"Fn::Join": [separator, parts]}:
                node = separator.join(self(parts))
            case {"Fn::FindInMap": [name, *keys]}:
                first, second = (str(self(key)) for key in keys)
                node = self.mappings[name][first][second]
            case {"Fn::If": [name, if_true, if_false]}:
                node = self(if_true if self.holds(name) else if_false)
            case dict() if set(node) & {"Fn::Equals", "Fn::Not", "Fn::And"}:
                node = self._true(node)
            case dict():
                resolved = {key: self(value) for key, value in node.items()}
                node = {key: value for key, value in resolved.items() if value is not None}
            case list():
                node = [value for value in map(self, node) if value is not None]
        return node

    def holds(self, condition: str) -> bool:
        """Return whether a condition of the template is true."""
        return self._true(self.conditions[condition])

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the created resources of a type, by name."""
        return {
            name: self(entry["Properties"])
            for name, entry in SOURCE["Resources"].items()
            if entry["Type"] == kind and ("Condition" not in entry or self.holds(entry["Condition"]))
        }

    def _true(self, node: Any) -> bool:
        match node:
            case {"Condition": name}:
                return self.holds(name)
            case {"Fn::Equals": [left, right]}:
                return bool(self(left) == self(right))
            case {"Fn::Not": [condition]}:
                return not self._true(condition)
            case {"Fn::And": conditions}:
                return all(map(self._true, conditions))
        return bool(self(node))

    @staticmethod
    def _fill(text: str, values: Mapping[str, Any]) -> str:
        """Replace ``${name}`` by its value; unknown names keep their braces."""
        return re.sub(r"\$\{([^}]+)\}", lambda found: str(values.get(found[1], found[0])), text)


def with_bucket(**parameters: Any) -> Evaluated:
    """Return the stack with its own bucket.

    Every name and every ARN is the resource's logical name.
    """
    names = {name: name for name in SOURCE["Resources"]}
    attributes = {f"{name}.Arn": name for name in names}
    pseudo = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
    others = {"AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "lightship", "Registry": "bucket"}
    return Evaluated(SOURCE, **names | attributes | pseudo | others | parameters)


def statements(role: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the statements of a role's inline policies."""
    policies = Evaluated(SOURCE, **parameters)(SOURCE["Resources"][role]["Properties"]["Policies"])
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def environment(function: str, **parameters: Any) -> dict[str, str]:
    """Return the environment variables of a function."""
    variables = Evaluated(SOURCE, **parameters)(SOURCE["Resources"][function]["Properties"]["Environment"]["Variables"])
    return {name: str(value) for name, value in variables.items()}
