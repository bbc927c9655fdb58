"""Imports of the split function, of operations and of the registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lightship import bundle
from lightship.registry import description
from tests.conftest import ROOT

ALLOWED = {"lightship", "obstore", "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"}

# Names of the packages outside the standard library that a program imports.
PROBE = """
import sys
sys.path.insert(0, {path!r})
before = set(sys.modules)
{program}
names = {{name.partition(".")[0] for name in sys.modules.keys() - before}}
print(*sorted(name for name in names if name not in sys.stdlib_module_names))
"""


def imported(program: str, path: Path = ROOT / "src") -> set[str]:
    command = [sys.executable, "-I", "-c", PROBE.format(path=str(path), program=program)]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split())


@pytest.mark.parametrize("module", ["split.plan", "operations", "finish.receipts"])
def test_splitting_and_operations_import_only_clients_of_aws(module: str) -> None:
    assert imported(f"import lightship.jobs.{module}\nfrom lightship import aws") <= ALLOWED


@pytest.mark.parametrize("path", sorted((ROOT / "src/lightship/registry").glob("*.py")), ids=lambda path: path.stem)
def test_registry_imports_only_standard_library(path: Path) -> None:
    assert imported(f"import lightship.registry.{path.stem}") == {"lightship"}


def test_split_function_imports_no_package_of_models() -> None:
    names = imported("import lightship.handlers.split, lightship.aws")
    assert "lightship" in names
    assert not names & {"numpy", "orjson", "pyarrow", "fastapi"}


def test_manifest_name_is_equal_in_registry_and_bundle() -> None:
    assert description.MANIFEST == bundle.MANIFEST
