"""checkov's findings on what SAM makes of the template: each is fixed, or skipped in place with a reason."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import environment
from tests.template.decided import SOURCE
from tests.template.deployed import transformed

# The checks that a reason answers; docs/security.md has the reasons in full.
ANSWERED = {
    "image": {"CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_158", "CKV_AWS_173"},
    "bucket": {"CKV_AWS_18", "CKV_AWS_19", "CKV_AWS_27", "CKV_AWS_119"},
}
ANSWERED["bucket"] |= ANSWERED["image"]


@pytest.mark.parametrize("registry", ANSWERED)
def test_checkov_has_no_finding_without_a_reason(registry: str, tmp_path: Path) -> None:
    template = _with_defaults(Registry=registry)
    found = _scan(template, tmp_path)
    assert [(check["check_id"], check["resource"]) for check in found["failed_checks"]] == []
    skipped = found["skipped_checks"]
    assert {check["check_id"] for check in skipped} == ANSWERED[registry]
    assert all(check["check_result"]["suppress_comment"].endswith(".") for check in skipped)


def _with_defaults(**parameters: str) -> dict[str, Any]:
    """What SAM makes of the template, with other defaults: checkov decides conditions by them."""
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
