"""The Open Inference Protocol's public clients talk to a server that they do not know."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Client


def test_tritonclient(client: Client, served: str) -> None:
    client("tritonclient", "triton_client.py", served.removeprefix("http://"))


@pytest.mark.parametrize(
    ("name", "script"),
    [("kserve", "kserve_client.py"), ("open-inference-openapi", "open_inference_client.py")],
)
def test_the_others(client: Client, served: str, name: str, script: str) -> None:
    client(name, script, served)
