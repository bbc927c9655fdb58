"""MLflow's public client against the server."""

from __future__ import annotations

from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.clients.conftest import Client


def test_mlflow_scoring_client_calls_succeed(client: Client, registries: Registries) -> None:
    with running("serve", "--default", "modes", "--registry", str(registries.small)) as (_, url):
        host, _, port = url.removeprefix("http://").partition(":")
        client("mlflow", "mlflow_client.py", host, port)
