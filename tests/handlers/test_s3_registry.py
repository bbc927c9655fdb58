"""The function as deployed with a bucket: settings, role policies, S3 of moto.

moto permits everything, so :class:`Role` is a proxy that passes only what the template's policies allow.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from lightship.errors import RegistryError
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.settings import CacheSettings
from lightship.stores.s3 import S3Store
from tests.bundles import Registries, republish
from tests.emulator import ROOT, Emulator
from tests.template.evaluated import environment, statements

EVENT = json.loads((ROOT / "events" / "predict.json").read_text())
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Role(ThreadingHTTPServer):
    """A proxy of S3 that enforces a role's policies.

    ``denied`` and ``allowed`` record the actions. A missing object is answered with 403, as S3 answers callers without
    permission to list: the strictest reading of a listed prefix.
    """

    daemon_threads = True

    def __init__(self, endpoint: str, policies: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _RoleHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.denied: set[str] = set()
        self.allowed: set[str] = set()
        self.policies = policies
        self.s3 = httpx.Client(base_url=endpoint, trust_env=False)

    def permits(self, action: str, resource: str, prefix: str | None) -> bool:
        return any(
            statement["Action"] == action
            and fnmatchcase(resource, statement["Resource"])
            and _holds(statement.get("Condition", {}), prefix)
            for statement in self.policies
        )


class _RoleHandler(BaseHTTPRequestHandler):
    server: Role

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query, keep_blank_values=True)
        bucket, _, key = unquote(address.path).lstrip("/").partition("/")
        listing = not key and set(query) <= {"list-type", "prefix", "delimiter", "start-after"}
        action = f"s3:{'GetObject' if key else 'ListBucket' if listing else 'Other'}"
        resource = f"arn:aws:s3:::{bucket}/{key}".rstrip("/")
        if not self.server.permits(action, resource, query.get("prefix", [None])[0]):
            self.server.denied.add(f"{action} {resource}")
            return self._answer(403, {}, _DENIED)
        self.server.allowed.add(action)
        sent = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        found = self.server.s3.request(self.command, self.path, headers=sent)
        if found.status_code == 404 and key:
            return self._answer(403, {}, _DENIED)
        return self._answer(found.status_code, found.headers, found.content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.server.denied.add(f"{self.command} {self.path}")
        self._answer(403, {}, _DENIED)

    def do_POST(self) -> None:
        self.do_PUT()

    def do_DELETE(self) -> None:
        self.do_PUT()

    def _answer(self, status: int, headers: Any, body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"connection", "date", "server", "transfer-encoding"}:
                self.send_header(name, value)
        if "content-length" not in headers:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _holds(condition: dict[str, dict[str, str]], prefix: str | None) -> bool:
    assert condition.keys() <= {"StringLike"}
    patterns = condition.get("StringLike", {})
    assert patterns.keys() <= {"s3:prefix"}
    return all(prefix is not None and fnmatchcase(prefix, pattern) for pattern in patterns.values())


class Deployed:
    """The function with ``Registry=<bucket>``, and the registry as publishers see it."""

    def __init__(self, role: Role, emulator: Emulator, registry: Registry) -> None:
        self.role = role
        self.registry = registry
        self._emulator = emulator

    def ask(self, model: str = "modes") -> tuple[int, str | None, Any]:
        """Return status, version and body of a prediction."""
        event = copy.deepcopy(EVENT)
        event["rawPath"] = event["requestContext"]["http"]["path"] = f"/models/{model}/predict"
        answer = self._emulator.invoke(event | {"body": '{"input": [4, 9]}', "isBase64Encoded": False})
        return answer["statusCode"], answer["headers"].get("lightship-version"), json.loads(answer["body"])

    def send(self, path: str, body: str) -> tuple[int, Any]:
        """Return status and body of the answer to a POST of JSON."""
        event = copy.deepcopy(EVENT)
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        answer = self._emulator.invoke(event | {"body": body, "isBase64Encoded": False})
        return answer["statusCode"], json.loads(answer["body"])


@contextmanager
def running(bucket: str, s3_environment: dict[str, str], **settings: str) -> Iterator[Deployed]:
    parameters = {"Registry": bucket, "DefaultModel": "modes", "AWS::Partition": "aws"}
    variables = environment("PredictFunction", **parameters)
    assert variables["LIGHTSHIP_REGISTRY"] == f"s3://{bucket}/models"
    policies = [each for each in statements("PredictRole", **parameters) if str(each["Action"]).startswith("s3:")]
    role = Role(s3_environment["AWS_ENDPOINT_URL"], policies)
    serving = threading.Thread(target=role.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    own = {"AWS_ENDPOINT_URL": role.url, "LIGHTSHIP_REFRESH_SECONDS": "0"}
    try:
        with Emulator(environment=variables | s3_environment | own | settings) as emulator:
            cache = CacheSettings.from_environment()
            yield Deployed(role, emulator, Registry(variables["LIGHTSHIP_REGISTRY"], cache=cache))
    finally:
        role.shutdown()
        serving.join()
        role.server_close()
        role.s3.close()


@pytest.fixture
def deployed(bucket: str, s3_environment: dict[str, str]) -> Iterator[Deployed]:
    with running(bucket, s3_environment) as function:
        yield function


def test_deployed_function_notices_push_label_and_rollback_without_restart(
    deployed: Deployed, registries: Registries
) -> None:
    status, _, body = deployed.ask()
    assert (status, body["error"]["code"]) == (404, "not_found")
    republish(deployed.registry, registries.small / "modes" / "1", "modes")
    assert deployed.ask()[:2] == (200, "1")
    republish(deployed.registry, registries.small / "roots" / "1", "modes")
    status, version, body = deployed.ask()
    assert (status, version, body["predictions"]) == (200, "2", [[2.0, 3.0]])
    deployed.registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"production": 1})))
    assert deployed.ask()[:2] == (200, "1")
    deployed.registry.change("modes", lambda state: state.reroute(replace(state.routing, traffic={2: 100})))
    assert deployed.ask()[:2] == (200, "2")
    deployed.registry.change("modes", State.rollback)
    status, version, body = deployed.ask()
    assert (status, version, body["predictions"]) == (200, "1", [[8.0, 18.0]])
    assert deployed.role.allowed == {"s3:GetObject", "s3:ListBucket"}
    assert deployed.role.denied == set()


def test_deployed_function_missing_model_is_404_despite_403_of_s3(deployed: Deployed, registries: Registries) -> None:
    republish(deployed.registry, registries.small / "modes" / "1", "modes")
    status, _, body = deployed.ask("missing")
    assert status == 404
    assert body["error"]["code"] == "not_found"
    assert "'missing'" in body["error"]["message"]


def test_deployed_function_without_write_permission_refuses_label(
    bucket: str, s3_environment: dict[str, str], registries: Registries
) -> None:
    with running(bucket, s3_environment, LIGHTSHIP_ALLOW_ADMIN="1") as function:
        republish(function.registry, registries.small / "modes" / "1", "modes")
        status, body = function.send("/models/modes/label", '{"label": "production", "version": 1}')
        assert (status, body["error"]["code"]) == (403, "registry_read_only")
        assert function.registry.state("modes").routing.labels == {}


@pytest.mark.parametrize(("action", "model"), [("s3:GetObject", "modes"), ("s3:ListBucket", "missing")])
def test_deployed_role_without_one_permission_is_503(
    deployed: Deployed, registries: Registries, action: str, model: str
) -> None:
    """Check both; a model that exists is found without a listing."""
    republish(deployed.registry, registries.small / "modes" / "1", "modes")
    deployed.role.policies = [each for each in deployed.role.policies if each["Action"] != action]
    status, _, body = deployed.ask(model)
    assert (status, body["error"]["code"]) == (503, "registry_failed")
    assert {refused.split()[0] for refused in deployed.role.denied} == {action}


@pytest.mark.parametrize("key", ["incoming/modes.keras", "batch/modes/input/rows.csv", "modelsecrets/a"])
def test_deployed_role_reads_only_models(bucket: str, deployed: Deployed, key: str) -> None:
    assert deployed.role.permits("s3:GetObject", f"arn:aws:s3:::{bucket}/models/modes/state.json", None)
    assert not deployed.role.permits("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", None)
    assert deployed.role.permits("s3:ListBucket", f"arn:aws:s3:::{bucket}", "models/")
    assert not deployed.role.permits("s3:ListBucket", f"arn:aws:s3:::{bucket}", key)
    assert not deployed.role.permits("s3:ListBucket", f"arn:aws:s3:::{bucket}", None)


def test_deployed_function_while_s3_denies_access_serves_cached_version(
    deployed: Deployed, registries: Registries
) -> None:
    republish(deployed.registry, registries.small / "modes" / "1", "modes")
    assert deployed.ask()[:2] == (200, "1")
    republish(deployed.registry, registries.small / "roots" / "1", "modes")
    policies, deployed.role.policies = deployed.role.policies, []
    assert deployed.ask()[:2] == (200, "1")
    deployed.role.policies = policies
    assert deployed.ask()[:2] == (200, "2")


def test_cache_keeps_loaded_bundles_and_removes_partial_downloads(
    bucket: str, s3_environment: dict[str, str], registries: Registries
) -> None:
    left = Path(s3_environment["LIGHTSHIP_CACHE"], ".half-download-of-a-timeout")
    left.mkdir(parents=True)
    with running(bucket, s3_environment, LIGHTSHIP_CACHE_MB="0") as deployed:
        for version, bundle in enumerate(("modes", "roots", "modes"), start=1):
            republish(deployed.registry, registries.small / bundle / "1", "modes")
            assert deployed.ask()[:2] == (200, str(version))
    assert (
        len([entry for entry in left.parent.iterdir() if entry.is_dir()]) == 2
    )  # two of the three versions are the same bundle
    assert not left.exists()


def test_cache_evicts_unused_bundles(
    s3_registry: str, s3_environment: dict[str, str], registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTSHIP_CACHE_MB", "0")
    registry = Registry(s3_registry, cache=CacheSettings.from_environment())
    names = ("modes", "roots", "pair")
    for name in names:
        republish(registry, registries.small / name / "1", name)
    used = registry.open("modes")
    registry.open("roots")
    registry.open("pair")
    kept = {entry.name for entry in Path(s3_environment["LIGHTSHIP_CACHE"]).iterdir() if entry.is_dir()}
    assert kept == {used.digest, registry.open("pair").digest}


def test_cache_folder_not_writable_names_setting(
    s3_registry: str, registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(s3_registry, cache=CacheSettings.from_environment())
    republish(registry, registries.small / "modes" / "1", "modes")
    (tmp_path / "cache").write_text("a file instead of the folder")
    with pytest.raises(RegistryError, match=r"s3://\S+/models/modes/1 .*LIGHTSHIP_CACHE"):
        registry.open("modes")


def test_s3_store_without_credentials_raises_registry_error(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    store = S3Store(bucket)
    for verb, ask in {
        "read": lambda: store.read("modes/state.json"),
        "list": store.list,
        "write": lambda: store.write("modes/state.json", b"", if_match=None),
    }.items():
        with pytest.raises(RegistryError, match=f"{verb} s3://.*NoCredentialsError"):
            ask()
    with pytest.raises(RegistryError, match="NoCredentialsError"):
        store.changed("modes/state.json", '"an etag"')
