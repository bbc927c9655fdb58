"""Fixtures of all tests, and selection of tests that need a program."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import boto3
import pytest
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests import moto_server
from tests.browser import BROWSER
from tests.bundles import Registries
from tests.emulator import EXAMPLES
from tests.model_files import written_once
from tests.scheduling import FileGroups, rank

ROOT = Path(__file__).parents[1]

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_configure() -> None:
    """Stop before workers start: in a worker pytest-xdist would hide the error."""
    for mark, missing in NEEDS.items():
        if _required(mark) and (reason := missing()):
            raise pytest.UsageError(f"{_variable(mark)}=1, but {reason}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose program is missing; start with files that take minutes."""
    items.sort(key=lambda item: rank(item.nodeid))
    for mark, missing in NEEDS.items():
        marked = [item for item in items if item.get_closest_marker(mark)]
        reason = missing() if marked else None
        for item in marked:
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    return FileGroups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for mark in NEEDS:
        if report.skipped and _required(mark) and item.get_closest_marker(mark):
            report.outcome = "failed"
            report.longrepr = f"skipped, although {_variable(mark)}=1: {report.longrepr}"
    return report


def _variable(mark: str) -> str:
    """Return the variable, set by `.ci/run`, with which skipped tests of a mark fail."""
    return f"LIGHTSHIP_REQUIRE_{mark.upper()}"


def _required(mark: str) -> bool:
    return os.environ.get(_variable(mark)) == "1"


def _no_docker() -> str | None:
    try:
        info = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no Docker engine responds: {error}"
    return f"no Docker engine responds: {info.stderr.strip()}" if info.returncode else None


def _no_browser() -> str | None:
    return None if shutil.which(BROWSER) else f"there is no {BROWSER} on the PATH"


# What tests with a mark need: each function returns why it is missing, or None.
NEEDS: dict[str, Callable[[], str | None]] = {"docker": _no_docker, "browser": _no_browser}


@pytest.fixture(scope="session")
def sam_environment() -> dict[str, str]:
    """Return an environment without AWS credentials: a test that needs them fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return clean | nothing | {"AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0"}


@pytest.fixture(scope="session")
def sam_command() -> str:
    return str(Path(sys.executable).with_name("sam"))


@pytest.fixture(scope="session")
def sam(sam_command: str, sam_environment: dict[str, str]) -> Command:
    """Return a function that runs `sam ARGUMENT…` in the root of the repository."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sam_command, *arguments],
            cwd=ROOT,
            env=sam_environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, f"sam {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Registries:
    """Return the compiled examples (``make examples``) and small bundles, read only."""
    small = written_once("tests.bundles", "small", tmp_path_factory)
    assert EXAMPLES.is_dir(), "the example models are missing: run `make examples`"
    others = {name: EXAMPLES.with_name(name) for name in ("transformed", "applications")}
    return Registries(examples=EXAMPLES, small=small, **others)


@pytest.fixture
def mangum_loop() -> Generator[None]:
    """Set an event loop in this thread, which Mangum uses and does not close."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="session")
def s3_endpoint() -> str:
    """Return the URL of moto's S3, and of all other services."""
    return moto_server.endpoint()


@pytest.fixture
def s3_environment(s3_endpoint: str, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a process that uses moto's S3."""
    return {
        **moto_server.CREDENTIALS,
        "AWS_ENDPOINT_URL": s3_endpoint,
        "LIGHTSHIP_CACHE": str(tmp_path / "cache"),
    }


@pytest.fixture
def bucket(s3_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[str]:
    """Create an empty bucket for the test, and set S3's variables in this process."""
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    name = re.sub(r"[^a-z0-9-]", "-", tmp_path.name.lower())[-60:].strip("-")
    client = boto3.client("s3")
    client.create_bucket(Bucket=name)
    yield name
    client.close()


@pytest.fixture
def s3_registry(bucket: str) -> str:
    """Return the location of an empty registry in S3."""
    return f"s3://{bucket}/models"
