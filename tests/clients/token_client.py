"""``requests`` and MLflow's scoring client against a server that requires a token.

Run by its own Python: ``python token_client.py HOST PORT TOKEN``. TensorFlow Serving has no REST client of its own, so
its users use ``requests``. MLflow's client cannot send an Authorization header.
"""

from __future__ import annotations

import sys
from typing import Any

import requests
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

ROWS = [[1.0, 4.0]]
MODEL = "/v1/models/modes"


def main(host: str, port: str, token: str) -> None:
    url = f"http://{host}:{port}"
    with requests.Session() as session:
        session.headers["authorization"] = f"Bearer {token}"
        body: Any = {"instances": ROWS}
        for path in (f"{MODEL}:predict", "/invocations"):
            assert session.post(url + path, json=body).json() == {"predictions": [[2.0, 8.0]]}
        assert session.get(url + MODEL).json()["model_version_status"][0]["state"] == "AVAILABLE"
        assert session.get(f"{url}{MODEL}/metadata").json()["model_spec"]["name"] == "modes"
        assert session.get(f"{url}/version").status_code == 200
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": token}):
        answer = requests.post(f"{url}{MODEL}:predict", json=body, headers=headers, timeout=60)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert list(answer.json()) == ["error"]
        assert "token" in answer.json()["error"]
        answer = requests.post(f"{url}/invocations", json=body, headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert requests.get(url + MODEL, timeout=60).status_code == 401
    scoring(ScoringServerClient(host, port))


def scoring(client: ScoringServerClient) -> None:
    client.ping()
    try:
        client.invoke(ROWS)
    except Exception as error:  # the client raises a bare Exception
        assert "error code 401" in str(error)
        assert "UNAUTHENTICATED" in str(error)
    else:
        raise AssertionError("the server should have refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
