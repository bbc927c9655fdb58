"""What CloudFormation decides from a template's parameters, as far as this template needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).parents[2]
SOURCE = yaml_parse((ROOT / "template.yaml").read_text())


class Decided:
    """A template whose parameters have values: conditions are true or false, branches are taken.

    Called with a part of the template, returns what CloudFormation would make of it. ``parameters`` may also name
    pseudo parameters, resources and their attributes.
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
                node = Decided._fill(text, self.values | {name: self(value) for name, value in variables.items()})
            case {"Fn::Sub": text}:
                node = Decided._fill(text, self.values)
            case {"Fn::Join": [separator, parts]}:
                node = separator.join(self(parts))
            case {"Fn::FindInMap": [name, *keys]}:
                first, second = (str(self(key)) for key in keys)
                node = self.mappings[name][first][second]
            case {"Fn::If": [name, yes, no]}:
                node = self(yes if self.holds(name) else no)
            case dict() if set(node) & {"Fn::Equals", "Fn::Not", "Fn::And"}:
                node = self._true(node)
            case dict():
                resolved = {key: self(value) for key, value in node.items()}
                node = {key: value for key, value in resolved.items() if value is not None}
            case list():
                node = [value for value in map(self, node) if value is not None]
        return node

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        return self._true(self.conditions[condition])

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of a type, by name, that are made."""
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
    def _fill(text: str, known: Mapping[str, Any]) -> str:
        """What is not known keeps its braces."""
        return re.sub(r"\$\{([^}]+)\}", lambda found: str(known.get(found[1], found[0])), text)


def with_bucket(**parameters: Any) -> Decided:
    """The stack with a bucket of its own, where every name and every ARN is the resource's logical name."""
    names = {name: name for name in SOURCE["Resources"]}
    attributes = {f"{name}.Arn": name for name in names}
    pseudo = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
    others = {"AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "lightship", "Registry": "bucket"}
    return Decided(SOURCE, **names | attributes | pseudo | others | parameters)


def statements(role: str, **parameters: Any) -> list[dict[str, Any]]:
    """What a role's own policies say."""
    policies = Decided(SOURCE, **parameters)(SOURCE["Resources"][role]["Properties"]["Policies"])
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def environment(function: str, **parameters: Any) -> dict[str, str]:
    """What a function finds in its environment."""
    variables = Decided(SOURCE, **parameters)(SOURCE["Resources"][function]["Properties"]["Environment"]["Variables"])
    return {name: str(value) for name, value in variables.items()}
