"""Public clients of the Open Inference Protocol against the server."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Client


def test_tritonclient_calls_succeed(client: Client, served: str) -> None:
    client("tritonclient", "triton_client.py", served.removeprefix("http://"))


@pytest.mark.parametrize(
    ("name", "script"),
    [("kserve", "kserve_client.py"), ("open-inference-openapi", "open_inference_client.py")],
)
def test_rest_client_calls_succeed(client: Client, served: str, name: str, script: str) -> None:
    client(name, script, served)
