"""Credentials for obstore: where they are found, and what is said without them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lightship import aws
from lightship.aws import credentials
from lightship.aws.objects import Objects, close_all
from tests.http_servers import running

EXPIRATION = "2031-01-02T03:04:05Z"


class Container(ThreadingHTTPServer):
    """A container credentials endpoint, which checks the token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = 0
        self.token = "secret"
        self.answer: Any = {"AccessKeyId": "key", "SecretAccessKey": "private", "Token": "t", "Expiration": EXPIRATION}


class _Handler(BaseHTTPRequestHandler):
    server: Container

    def do_GET(self) -> None:
        self.server.asked += 1
        allowed = self.headers.get("Authorization") == self.server.token
        body = json.dumps(self.server.answer).encode() if allowed else b"{}"
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def container() -> Iterator[Container]:
    with running(Container()) as server:
        yield server


@pytest.fixture
def endpoint(container: Container) -> dict[str, str]:
    url = f"http://127.0.0.1:{container.server_port}/v2/credentials"
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret"}


def test_find_prefers_environment(endpoint: dict[str, str], container: Container) -> None:
    found = credentials.find(endpoint | {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    assert found == {"access_key_id": "a", "secret_access_key": "b", "token": None, "expires_at": None}
    assert container.asked == 0


def test_find_reads_container_endpoint_with_token_or_file(endpoint: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret\n")
    named = {**endpoint, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file)}
    for environ in (endpoint, named):
        found = credentials.find(environ)
        assert (found["access_key_id"], found["secret_access_key"], found["token"]) == ("key", "private", "t")
        assert found["expires_at"] == datetime.fromisoformat(EXPIRATION)


@pytest.mark.parametrize("answer", [None, [], "text", {}, {"AccessKeyId": "a"}, {"AccessKeyId": 1, "Expiration": 7}])
def test_find_malformed_container_answer_is_refused(
    endpoint: dict[str, str], container: Container, answer: Any
) -> None:
    container.answer = answer
    with pytest.raises(aws.ObjectsError) as refused:
        credentials.find(endpoint)
    assert refused.value.code == "CredentialRetrievalError"


@pytest.mark.parametrize(
    "uri", ["http://example.com/a", "ftp://127.0.0.1/a", "http://127.0.0.1.example.com/", "http://127.0.0.1:x/", "/a"]
)
def test_find_asks_no_foreign_host_over_plain_http(uri: str) -> None:
    with pytest.raises(aws.ObjectsError) as refused:
        credentials.find({"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri})
    assert refused.value.code == "CredentialRetrievalError"


def test_find_missing_token_file_is_refused(endpoint: dict[str, str]) -> None:
    with pytest.raises(aws.ObjectsError) as refused:
        credentials.find({**endpoint, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/token"})
    assert refused.value.code == "CredentialRetrievalError"


def test_find_incomplete_keys_are_named() -> None:
    with pytest.raises(aws.ObjectsError) as refused:
        credentials.find({"AWS_ACCESS_KEY_ID": "a"})
    assert aws.reason(refused.value).startswith("the AWS credentials are incomplete")


@pytest.mark.parametrize("botocore", [True, False])
def test_profile_is_read_with_and_without_botocore(tmp_path: Path, botocore: bool) -> None:
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = d\naws_secret_access_key = e\n"
        "[work]\naws_access_key_id = a%b\naws_secret_access_key = b\naws_session_token = c\n"
    )
    (tmp_path / "config").write_text("[profile work]\nregion = eu-central-1\n")
    hide = "" if botocore else "sys.modules['botocore.session'] = None\n"
    script = (
        f"import json, os, sys\n{hide}from lightship.aws import credentials\nfound = credentials.find(os.environ)\n"
        "found['expires_at'] = found['expires_at'] is not None\n"
        "print(json.dumps([*found.values(), credentials.region(os.environ)]))"
    )
    environ = {
        "PATH": "",
        "PYTHONPATH": ":".join(sys.path),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "work",
    }
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["a%b", "b", "c", botocore, "eu-central-1"]


def test_expired_credentials_are_asked_for_again(
    bucket: str, endpoint: dict[str, str], container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name, value in endpoint.items():
        monkeypatch.setenv(name, value)
    objects = Objects(bucket)
    for _ in range(3):
        objects.get("missing")
    assert container.asked == 1
    close_all()
    container.answer["Expiration"] = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    objects.get("missing")
    asked = container.asked
    assert asked == 2
    close_all()
    container.token = "changed"
    with pytest.raises(aws.ObjectsError) as refused:
        objects.get("missing")
    assert refused.value.code == "CredentialRetrievalError"
    assert "private" not in str(refused.value)
