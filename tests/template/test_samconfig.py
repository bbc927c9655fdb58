"""samconfig.toml, of which SAM silently ignores unknown settings."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click
import pytest
from samcli.cli.main import cli
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
PARAMETERS = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
ENVIRONMENTS = ["default", "staging", "prod", "local"]
COMMANDS = {"global", "validate", "build", "local_invoke", "local_start_api", "local_start_lambda"}

every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS)


def overrides(environment: str) -> dict[str, str]:
    words = CONFIG[environment]["global"]["parameters"]["parameter_overrides"].split()
    return dict(word.split("=", 1) for word in words)


def options(command: str) -> set[str | None]:
    """Return the options of a command, by its name in samconfig.toml."""
    found, context = cli, click.Context(cli, obj=cli)  # SAM loads no commands without an object
    for word in command.replace("global", "deploy").split("_", 1):
        found = found.get_command(context, word.replace("_", "-"))
    return {parameter.name for parameter in found.params}


def test_samconfig_has_four_environments() -> None:
    assert list(CONFIG) == ["version", *ENVIRONMENTS]
    stacks = {CONFIG[name]["global"]["parameters"]["stack_name"] for name in ENVIRONMENTS}
    assert len(stacks) == 4


@every_environment
def test_samconfig_environment_has_every_command(environment: str) -> None:
    assert CONFIG[environment].keys() == (COMMANDS if environment == "local" else COMMANDS | {"deploy"})


@every_environment
def test_samconfig_settings_are_options_of_sam(environment: str) -> None:
    for command, section in CONFIG[environment].items():
        assert section["parameters"].keys() <= options(command)


@every_environment
def test_samconfig_parameters_are_valid_in_template(environment: str) -> None:
    for name, value in overrides(environment).items():
        entry = PARAMETERS[name]
        assert value in map(str, entry.get("AllowedValues", [value]))
        if entry["Type"] == "Number":
            assert entry.get("MinValue", 0) <= int(value) <= entry.get("MaxValue", 3653)


@every_environment
def test_samconfig_deployed_environment_requires_iam(environment: str) -> None:
    assert "deploy" not in CONFIG[environment] or overrides(environment)["ApiAuth"] == "AWS_IAM"
