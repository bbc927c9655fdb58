"""Sandbox on machines without certain kernel features.

It proves confinement by other means, or no file is opened.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.compiler.conftest import ROOT

USERS = ["root", "unprivileged"]

HOLDS = {
    (): "landlock",
    ("landlock=3",): "landlock 3",
    ("landlock=5",): "landlock 5",
    ("landlock=1",): "namespaces",
    ("no-landlock",): "namespaces",
    ("no-namespaces",): "landlock",
}
# Missing features, and the word of the message that names them.
LACKS = {
    ("no-landlock", "no-namespaces"): "Landlock",
    ("landlock=1", "no-namespaces"): "version 1",
    ("no-landlock", "no-mounts"): "namespaces",
    ("no-landlock-rules",): "Landlock",
    ("no-landlock-restriction",): "Landlock",
    ("no-seccomp",): "seccomp",
    ("no-new-privs",): "no_new_privs",
    ("i686",): "i686",
    ("deadly-landlock",): "SIGSYS",
}
LACKS_AS_ROOT = {("no-capset",): "capabilities", ("no-capability-bounds",): "capabilities"}


def attempt(*features: str, user: str, accept: tuple[str, ...] = ("kernel",)) -> dict[str, Any]:
    """Return the output of a sandbox run without the given features."""
    if user == "unprivileged" and os.geteuid() == 0:
        features = (*features, "unprivileged")
    elif user == "root" and os.geteuid():
        pytest.skip("requires root")
    words = [sys.executable, "-m", "tests.compiler.platforms", *features, "--"]
    words += [sys.executable, "-m", "tests.compiler.attempts", *accept]
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    done = subprocess.run(words, env=environ, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("features", HOLDS, ids="+".join)
def test_sandbox_without_replaceable_feature_is_effective(features: tuple[str, ...], user: str) -> None:
    seen = attempt(*features, user=user)
    assert seen["proof"] == "kernel"
    assert "seccomp" in seen["measures"]
    assert HOLDS[features] in " ".join(seen["measures"])
    refusals = {"EPERM", "EACCES"} | ({"ENOENT"} if "namespaces" in seen["measures"] else set())
    for process in ("here", "grandchild"):
        assert set(seen[process].values()) <= refusals, seen[process]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("features", LACKS, ids="+".join)
def test_sandbox_without_required_feature_is_refused_by_name(features: tuple[str, ...], user: str) -> None:
    seen = attempt(*features, user=user)
    assert seen["error"] == "sandbox_unavailable"
    assert LACKS[features] in seen["message"]
    assert "here" not in seen  # the job was not run


@pytest.mark.parametrize("features", LACKS_AS_ROOT, ids="+".join)
def test_sandbox_of_root_with_capabilities_is_refused(features: tuple[str, ...]) -> None:
    seen = attempt(*features, user="root")
    assert seen["error"] == "sandbox_unavailable"
    assert LACKS_AS_ROOT[features] in seen["message"]


@pytest.mark.parametrize("user", USERS)
def test_no_sandbox_continues_with_available_measures(user: str) -> None:
    seen = attempt("no-landlock", "no-namespaces", user=user, accept=("kernel", "none"))
    assert seen["proof"] == "none"
    assert "seccomp" in seen["measures"]
    assert seen["here"]["connect_tcp"] == "EPERM"  # seccomp alone
    assert seen["here"]["read_file"] == "possible"


def test_no_sandbox_with_available_sandbox_uses_sandbox() -> None:
    assert attempt(user="unprivileged", accept=("kernel", "none"))["proof"] == "kernel"
