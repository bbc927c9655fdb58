"""lightship.extras names the modules of the extras in pyproject.toml."""

from __future__ import annotations

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lightship import extras

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
OTHER = {"dev", "examples"}  # not parts of the product


def own(extra: str) -> set[str]:
    """Return the packages that an extra adds on this machine."""
    requirements = map(Requirement, PROJECT["optional-dependencies"][extra])
    here = [each for each in requirements if each.marker is None or each.marker.evaluate()]
    return {canonicalize_name(each.name) for each in here} - {"lightship"}


def test_extras_are_those_of_project() -> None:
    assert set(extras.EXTRAS) == set(PROJECT["optional-dependencies"]) - OTHER


@pytest.mark.parametrize("extra", extras.EXTRAS)
def test_extra_names_module_of_each_package(extra: str) -> None:
    packages = packages_distributions()
    named = {canonicalize_name(name) for module in extras.EXTRAS[extra] for name in packages[module]}
    assert own(extra) <= named


def test_missing_extra_names_feature_and_commands() -> None:
    sentence = (
        "a model of texts needs the extra 'text', which is not installed: pip install 'lightship[text]', or build the "
        "image with Text=always (AWS) or LIGHTSHIP_TEXT=always (docker compose)"
    )
    assert extras.missing_extra("text", "a model of texts").message == sentence


def test_extra_of_error_names_extra_of_module() -> None:
    assert extras.extra_of(ImportError(name="pyarrow.parquet")) == "events"
    assert extras.extra_of(ImportError(name="no_such_package")) is None
