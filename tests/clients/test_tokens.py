"""Public clients against a server that requires a token: answered with it or 401."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.clients.conftest import Client

TOKEN = "open-sesame"


@pytest.fixture(scope="module")
def guarded(registries: Registries) -> Iterator[str]:
    """Return the URL of a server that requires the token."""
    words = ("serve", "--default", "modes", "--registry", str(registries.small))
    with running(*words, LIGHTSHIP_TOKEN=TOKEN) as (_, url):
        yield url


@pytest.mark.parametrize(
    ("name", "script"),
    [("kserve", "kserve_client.py"), ("open-inference-openapi", "open_inference_client.py")],
)
def test_rest_client_with_token_is_answered(client: Client, guarded: str, name: str, script: str) -> None:
    client(name, script, guarded, TOKEN)


def test_tritonclient_calls_succeed(client: Client, guarded: str) -> None:
    client("tritonclient", "triton_client.py", guarded.removeprefix("http://"), TOKEN)


def test_requests_with_token_is_answered_and_mlflow_client_refused(client: Client, guarded: str) -> None:
    host, _, port = guarded.removeprefix("http://").partition(":")
    client("mlflow", "token_client.py", host, port, TOKEN)
