"""Output of SAM's transform of the template, which CloudFormation receives."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.template.evaluated import SOURCE, Evaluated


def transformed(**parameters: str) -> dict[str, Any]:
    """Return the output of SAM's transform, with uploaded images."""
    template = copy.deepcopy(SOURCE)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/lightship:1"
    session = boto3.Session(region_name="eu-west-1")
    result: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(template, parameters)
    return result


def api(template: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """Return the OpenAPI document that API Gateway imports."""
    return Evaluated(template, **parameters)(template["Resources"]["Api"]["Properties"]["Body"])


def values(node: Any, key: str) -> Iterator[Any]:
    """Return all values of ``key`` at any depth."""
    for name, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if name == key:
            yield child
        yield from values(child, key)


def of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: entry["Properties"] for name, entry in template["Resources"].items() if entry["Type"] == kind}
