"""checkov's findings on the transformed template: none without a reason."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import environment
from tests.template.deployed import transformed
from tests.template.evaluated import SOURCE

# Checks that are skipped with a reason in the template; docs/security.md has the full reasons.
SKIPPED = {
    "image": {"CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_158", "CKV_AWS_173"},
    "bucket": {"CKV_AWS_18", "CKV_AWS_19", "CKV_AWS_27", "CKV_AWS_119"},
}
SKIPPED["bucket"] |= SKIPPED["image"]


@pytest.mark.parametrize("registry", SKIPPED)
def test_checkov_findings_have_reasons(registry: str, tmp_path: Path) -> None:
    template = _with_defaults(Registry=registry)
    found = _scan(template, tmp_path)
    assert [(check["check_id"], check["resource"]) for check in found["failed_checks"]] == []
    skipped = found["skipped_checks"]
    assert {check["check_id"] for check in skipped} == SKIPPED[registry]
    assert all(check["check_result"]["suppress_comment"].endswith(".") for check in skipped)


def _with_defaults(**parameters: str) -> dict[str, Any]:
    """Return the transformed template with other defaults of parameters.

    checkov evaluates conditions with the defaults.
    """
    template = transformed()
    template["Parameters"] = copy.deepcopy(SOURCE["Parameters"])
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    return template


def _scan(template: dict[str, Any], folder: Path) -> dict[str, Any]:
    file = folder / "deployed.json"
    file.write_text(json.dumps(template, indent=1))
    checkov = environment("checkov") / "bin" / "checkov"
    options = ["--framework", "cloudformation", "--skip-download", "--output", "json", "--compact"]
    done = subprocess.run([checkov, "--file", file, *options], capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)["results"]
    return result
