"""What schemathesis makes up from an OpenAPI document never gives a 5xx, nor an answer that the document denies."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.clients.conftest import Client, environment

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
BOUNDS = ("--max-examples", "15", "--seed", "7", "--suppress-health-check", "all")

RIGHT = '{"id": "7", "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [[1, 4]]}]}'

# The protocol's document knows no 404 for metadata and inference, so schemathesis is told which model there is.
PINNED = '[parameters]\n"path.MODEL_NAME" = "modes"\n"path.MODEL_VERSION" = "1"\n'


def schemathesis(document: str, folder: Path, *options: str) -> str:
    command = [environment("schemathesis") / "bin" / "schemathesis", "run", "--checks", CHECKS, *BOUNDS, *options]
    done = subprocess.run([*command, document], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[1-9]\d* passed\b", done.stdout), done.stdout
    return done.stdout


def test_our_document_and_the_server_agree(registries: Registries, tmp_path: Path) -> None:
    with running("serve", "--default", "quickstart", "--registry", str(registries.examples)) as (_, url):
        schemathesis(f"{url}/openapi.json", tmp_path)


def test_the_protocols_own_document_and_the_server_agree(client: Client, served: str, tmp_path: Path) -> None:
    """The document as the public client tells it: the tests have no internet to fetch the text itself from."""
    document = tmp_path / "protocol.json"
    document.write_text(client("open-inference-openapi", "open_inference_document.py", RIGHT))
    (tmp_path / "schemathesis.toml").write_text(PINNED)
    shown = schemathesis(str(document), tmp_path, "--url", served, "--phases", "examples,coverage,fuzzing")
    assert re.search(r"Operations:\s+9 selected", shown), shown
