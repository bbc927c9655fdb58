"""KServe's manifests against KServe's schema and the server's options and routes.

The schema is KServe's, reduced to the fields that the manifests have; no cluster runs here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from lightship import protocols
from lightship.cli.serve import serve_command

ROOT = Path(__file__).parents[2]
SCHEMAS = json.loads(Path(__file__).with_name("kserve-schema.json").read_text())


def manifest(name: str) -> dict[str, Any]:
    record: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "kserve" / name).read_text())
    return record


RUNTIME, SERVICE = manifest("serving-runtime.yaml"), manifest("inference-service.yaml")
(CONTAINER,) = RUNTIME["spec"]["containers"]


@pytest.mark.parametrize("record", [RUNTIME, SERVICE], ids=lambda record: record["kind"])
def test_kserve_manifest_is_valid_in_schema(record: dict[str, Any]) -> None:
    validator = Draft202012Validator(SCHEMAS[record["kind"]])
    validator.validate(record)
    with pytest.raises(ValidationError):
        validator.validate({**record, "spec": {**record["spec"], "protocols": ["v2"]}})


def test_kserve_service_requests_formats_of_runtime() -> None:
    model = SERVICE["spec"]["predictor"]["model"]
    assert model["runtime"] == RUNTIME["metadata"]["name"]
    assert model["protocolVersion"] in RUNTIME["spec"]["protocolVersions"]
    formats = [
        {"name": entry["name"], "version": entry["version"]} for entry in RUNTIME["spec"]["supportedModelFormats"]
    ]
    assert model["modelFormat"] in formats


def test_kserve_container_serves_mounted_models() -> None:
    assert CONTAINER["command"] == ["python", "-m", "lightship", "serve"]
    parser = serve_command.make_parser(click.Context(serve_command))
    options, words, _ = parser.parse_args(list(CONTAINER["args"]))
    assert not words
    assert (options["registry"], options["host"]) == ("/mnt/models", "0.0.0.0")
    assert int(options["port"]) == CONTAINER["ports"][0]["containerPort"]


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_kserve_probe_is_open_route(probe: str) -> None:
    found = protocols.match("GET", CONTAINER[probe]["httpGet"]["path"])
    assert found is not None
    assert found.route.scope == "open"
