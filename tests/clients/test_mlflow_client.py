"""MLflow's public client talks to a server that it does not know."""

from __future__ import annotations

from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.clients.conftest import Client


def test_mlflow_s_scoring_client(client: Client, registries: Registries) -> None:
    with running("serve", "--default", "modes", "--registry", str(registries.small)) as (_, url):
        host, _, port = url.removeprefix("http://").partition(":")
        client("mlflow", "mlflow_client.py", host, port)
