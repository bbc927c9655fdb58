"""``lightship serve`` and ``up`` as processes, called over real sockets."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.app.test_extend import examples
from tests.bundles import Registries
from tests.emulator import ROOT


@contextmanager
def running(*words: str, folder: Path = ROOT, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server on a free port, and yield it with the URL that it printed."""
    command = [sys.executable, "-u", "-m", "lightship", *words, "--port", "0"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTSHIP_")}
    environment = {**clean, "PYTHONPATH": str(ROOT / "src"), **environment}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                break
        else:
            raise AssertionError("the server ended without a URL")
        yield process, found.group()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("command", [["serve"], ["up", "--template", str(ROOT / "template.yaml")]], ids=["serve", "up"])
def test_server_after_ctrl_c_exits_0(registries: Registries, command: list[str], tmp_path: Path) -> None:
    words = ("--default", "quickstart", "--registry", str(registries.examples))
    with running(*command, *words, folder=tmp_path) as (process, url):
        assert httpx.post(f"{url}/predict", json={"input": [1.0, 2.0, 3.0]}).status_code == 200
        assert httpx.get(f"{url}/docs").status_code == 200
        assert process.stdout is not None
        assert any(f"{url}/predict" in line for line in process.stdout), "a line to copy"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
        assert process.returncode == 0
    assert "Traceback" not in rest


def test_server_sigterm_before_first_request_exits_0(registries: Registries) -> None:
    with running("serve", "--registry", str(registries.examples)) as (process, _):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_server_with_malformed_state_of_one_model_serves_others(registries: Registries, tmp_path: Path) -> None:
    for name in ("pair", "modes"):
        shutil.copytree(registries.small / name, tmp_path / name)
    (tmp_path / "pair" / "state.json").write_text("{}")
    with running("serve", "--registry", str(tmp_path)) as (_, url):
        assert httpx.post(f"{url}/models/modes/predict", json={"input": [1, 2]}).status_code == 200
        assert httpx.get(f"{url}/health/ready").json()["status"] == "degraded"
        assert httpx.post(f"{url}/v2/repository/models/modes/unload").status_code == 403


def test_server_concurrent_clients_get_own_responses(registries: Registries) -> None:
    with running("serve", "--registry", str(registries.small)) as (_, url), httpx.Client(base_url=url) as client:

        def predict(number: int) -> bool:
            slow = client.post("/models/wide/predict", json={"input": [number]}).json()["predictions"][0][-1]
            quick = client.post("/models/modes/predict", json={"input": [number, 0]}).json()["predictions"][0][0]
            return bool(slow == number and quick == 2 * number)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(predict, range(64)))


def test_server_with_token_requires_authorization(registries: Registries) -> None:
    words = ("serve", "--host", "0.0.0.0", "--default", "quickstart", "--registry", str(registries.examples))
    with running(*words, LIGHTSHIP_TOKEN="sesame") as (_, url):
        body = {"input": [1.0, 2.0, 3.0]}
        assert httpx.post(f"{url}/predict", json=body).status_code == 401
        assert httpx.post(f"{url}/predict", json=body, headers={"authorization": "Bearer sesame"}).status_code == 200


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--host", "0.0.0.0"], "LIGHTSHIP_TOKEN"),
        (["--host", "example.invalid", "--allow-anonymous"], "example.invalid"),
        (["--port", "70000"], "70000"),
        (["--port", "0", "--default", "nope"], "digits, quickstart"),
        (["--port", "0", "--registry", "README.md"], "README.md"),
    ],
)
def test_serve_wrong_argument_is_named_with_exit_code_2(registries: Registries, words: list[str], named: str) -> None:
    command = [sys.executable, "-m", "lightship", "serve", "--registry", str(registries.examples), *words]
    run = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert named in run.stderr
    assert "Traceback" not in run.stderr


def test_serve_unknown_default_model_in_environment_exits_2(registries: Registries) -> None:
    command = [sys.executable, "-m", "lightship", "serve", "--port", "0", "--registry", str(registries.examples)]
    settings = {"PYTHONPATH": "src", "LIGHTSHIP_DEFAULT_MODEL": "nope"}
    run = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "LIGHTSHIP_DEFAULT_MODEL is 'nope'" in run.stderr


def test_serve_printed_curl_command_works(registries: Registries) -> None:
    for registry, model in ((registries.examples, "quickstart"), (registries.small, "pair")):  # a row; several inputs
        command = ["serve", "--default", model, "--registry", str(registry)]
        with running(*command, LIGHTSHIP_TOKEN="sesame") as (process, _):
            assert process.stdout is not None
            line = next(line for line in process.stdout if line.startswith("curl"))
            settings = {"LIGHTSHIP_TOKEN": "sesame", "PATH": os.environ["PATH"]}
            run = subprocess.run(["sh", "-c", line.replace("curl", "curl -sf", 1)], env=settings, check=False)
            assert run.returncode == 0, line


def test_serve_port_in_use_exits_2(registries: Registries) -> None:
    with running("serve", "--registry", str(registries.examples)) as (_, url):
        port = url.rpartition(":")[2]
        command = [sys.executable, "-m", "lightship", "serve", "--port", port]
        run = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert f"port {port}" in run.stderr
    assert "--port" in run.stderr


def test_serve_app_answers_own_route_lifespan_and_predictions(registries: Registries, tmp_path: Path) -> None:
    for title in ("A route of your own", "A lifespan"):
        (tmp_path / f"{title.split()[1]}.py").write_text(examples()[title])
    options = ("serve", "--default", "quickstart", "--registry", str(registries.examples))
    path = f"src{os.pathsep}{tmp_path}"
    with running(*options, "--app", "route:create_extended_app", PYTHONPATH=path) as (_, url):
        assert httpx.get(f"{url}/whoami").json()["caller"] == "anonymous"
        assert httpx.post(f"{url}/predict", json={"input": [1.0, 2.0, 3.0]}).status_code == 200
        refused = httpx.get(f"{url}/whoami", headers={"host": "attacker.example"})
        assert refused.status_code == 403
    with running(*options, "--app", "lifespan:create_extended_app", PYTHONPATH=path) as (_, url):
        assert httpx.get(f"{url}/greeting").json() == "ahoy"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("extended", "--app is 'extended': write MODULE:FUNCTION"),
        ("none:create", "--app: none cannot be imported: ModuleNotFoundError: No module named 'none'"),
        ("wrong:create", "--app: wrong has no function 'create'"),
        ("wrong:fails", "--app: the function failed: ValueError: no database"),
        ("wrong:other", "--app: the function must return what create_app() returned, called without settings"),
        ("wrong:own_settings", "--app: the function must return what create_app() returned, called without settings"),
    ],
)
def test_serve_app_wrong_function_exits_2(registries: Registries, tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "wrong.py").write_text(
        "from lightship import create_app\nfrom lightship.settings import Settings\n"
        "def fails():\n    raise ValueError('no database')\n"
        "def other():\n    return create_app\n"
        "def own_settings():\n    return create_app(Settings())\n"
    )
    command = [sys.executable, "-m", "lightship", "serve", "--registry", str(registries.examples), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{tmp_path}"}
    done = subprocess.run([*command, "--app", name], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
