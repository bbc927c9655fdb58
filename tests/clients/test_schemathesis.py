"""What schemathesis makes up from our OpenAPI document never gives a 5xx, nor an answer that the document denies."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.clients.conftest import environment

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_the_document_and_the_server_agree(registries: Registries, tmp_path: Path) -> None:
    command = [environment("schemathesis") / "bin" / "schemathesis", "run", "--checks", CHECKS]
    bounds = ["--max-examples", "15", "--seed", "7", "--suppress-health-check", "all"]
    with running("serve", "--default", "quickstart", "--registry", str(registries.examples)) as (_, url):
        document = f"{url}/openapi.json"
        done = subprocess.run(
            [*command, *bounds, document], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[1-9]\d* passed\b", done.stdout), done.stdout
