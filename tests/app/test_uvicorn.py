"""Test the application under another ASGI server."""

from __future__ import annotations

import threading

import httpx
import uvicorn

from lightship import create_app
from tests.bundles import Registries
from tests.serve import core


def test_application_under_uvicorn_answers_and_refuses_requests(registries: Registries) -> None:
    app = create_app(core=core(registries.examples, token="sesame", max_body=1000, threads=True))
    config = uvicorn.Config(app, port=0, log_level="error")
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run)
    running.start()
    try:
        while not server.started:
            running.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.post("/predict", json={"input": [1, 2, 3]}).status_code == 401
            assert client.post("/predict", content=bytes(1_000_000)).status_code == 401
            client.headers["authorization"] = "Bearer sesame"
            assert client.post("/predict", json={"input": [1, 2, 3]}).status_code == 200
            assert client.post("/predict", content=bytes(1001)).status_code == 413
            assert client.get("/docs").status_code == 200
            assert client.get("/nowhere").json()["error"]["code"] == "not_found"
    finally:
        server.should_exit = True
        running.join(20)
