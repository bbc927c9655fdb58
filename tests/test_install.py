"""scripts/install passes pip's configuration to uv, and lock files pin hashes."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "install"))
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
settings: Callable[[list[str]], dict[str, str]] = SCRIPT["settings"]
environment: Callable[[dict[str, str], dict[str, str]], dict[str, str]] = SCRIPT["environment"]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """Return a function that reads pip's configuration from a file with this text."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)

    def read(text: str) -> dict[str, str]:
        (tmp_path / "pip.conf").write_text(text)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
        return settings(PIP)

    return read


def test_install_passes_pip_configuration_to_uv(configured: Callable[[str], dict[str, str]]) -> None:
    pip = configured(
        "[global]\nindex-url = https://user:word@index.example/simple\nextra-index-url =\n    https://one.example\n"
        "    https://two.example\nfind-links = /wheels /more\ntrusted-host = index.example\ncert = /ca.pem\n"
    )
    found = environment({"HOME": "/root"}, pip)
    assert found["UV_DEFAULT_INDEX"] == "https://user:word@index.example/simple"
    assert found["UV_INDEX"] == "https://one.example https://two.example"
    assert found["UV_FIND_LINKS"] == "/wheels,/more"
    assert found["UV_INSECURE_HOST"] == "index.example"
    assert found["SSL_CERT_FILE"] == "/ca.pem"
    assert found["HOME"] == "/root"


def test_install_pip_environment_overrides_pip_files(
    configured: Callable[[str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://environment.example")
    pip = configured("[global]\nindex-url = https://global.example\n[install]\nindex-url = https://install.example\n")
    assert environment({}, pip)["UV_DEFAULT_INDEX"] == "https://environment.example"
    monkeypatch.delenv("PIP_INDEX_URL")
    pip = configured("[global]\nindex-url = https://global.example\n[install]\nindex-url = https://install.example\n")
    assert environment({}, pip)["UV_DEFAULT_INDEX"] == "https://install.example"


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_install_keeps_uv_variables(variable: str) -> None:
    found = environment({variable: "https://uv.example"}, {"index-url": "https://pip.example"})
    assert found[variable] == "https://uv.example"
    assert "https://pip.example" not in found.values()


def test_install_without_configuration_keeps_default_index() -> None:
    assert not {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX"} & set(environment({}, {}))


@pytest.mark.parametrize(
    "module", ["lightship/compiler/build.py", "tensorflow/lite/python/lite.py", "keras/src/models/model.py"]
)
def test_install_writes_bytecode(module: str) -> None:
    folder = ROOT / "src" if module.startswith("lightship") else Path(sysconfig.get_path("purelib"))
    assert Path(cache_from_source(folder / module)).is_file()


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_lock_file_pins_every_package_with_hashes_and_names_no_index(lock: Path) -> None:
    text = lock.read_text().replace("\\\n", " ")
    for line in filter(None, (line.partition(" #")[0].strip() for line in text.splitlines())):
        if not line.startswith("#"):
            assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+.*--hash=sha256:[0-9a-f]{64}", line), line[:80]
    assert "index-url" not in text


def test_lock_files_agree_on_uv() -> None:
    locks = [(ROOT / "requirements" / name).read_text() for name in ("uv.txt", "dev.txt")]
    assert len({re.findall(r"^uv==(\S+)", lock, re.MULTILINE)[0] for lock in locks}) == 1


def test_unpack_wheel_unknown_package_is_named() -> None:
    script = [sys.executable, "scripts/unpack-wheel", "requirements/examples.txt", "build/none", "mlx"]
    refused = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr) == (1, "the lock file has no package mlx\n")


def test_unpack_wheel_wrong_hash_unpacks_nothing(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text(f"recbole==1.2.1 \\\n    --hash=sha256:{'0' * 64}\n")
    script = [sys.executable, "scripts/unpack-wheel", str(tmp_path / "lock.txt"), str(tmp_path / "files"), "recbole"]
    refused = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert not (tmp_path / "files").exists()
