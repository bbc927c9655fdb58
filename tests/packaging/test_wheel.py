"""The built wheel outside the checkout: each extra alone, the error without."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.bundles import Registries
from tests.emulator import ROOT

PAGE = "lightship/protocols/web/static/"
KEPT = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "PIP_", "UV_")
INSTALL = runpy.run_path(str(ROOT / "scripts" / "install"))
PREDICT = """
import numpy, lightship
model = lightship.Model.open({bundle!r})
print(model.predict(lightship.Call({{"features": numpy.ones((1, 3), "float32")}})).outputs)
"""
TOKENIZE = """
from lightship.preprocessing.tokenizers import Window, load
for form, data in (("wordpiece", b"[UNK]\\na\\n"), ("sentencepiece", b"no model")):
    try:
        print(load(form, data, Window(4)))
    except ValueError as error:
        print("refused", error)
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has the wheel, and a folder that is not the checkout."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an installed command."""
        command = [str(self.folder / "venv" / "bin" / arguments[0]), *arguments[1:]]
        return subprocess.run(
            command, cwd=self.folder, env=clean(), capture_output=True, text=True, check=False, timeout=300
        )

    def refused(self, extra: str, *arguments: str) -> None:
        """Check that the command line names an extra, and ends with 2."""
        done = self.run("lightship", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"pip install 'lightship[{extra}]'" in done.stderr
        assert "Traceback" not in done.stderr and "No module" not in done.stderr


def free_port() -> int:
    """Return a port that no socket has now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(KEPT)}


def uv(*arguments: str | Path) -> None:
    """Run uv with pip's configuration, as scripts/install does."""
    command = [Path(sys.executable).with_name("uv"), *arguments]
    variables = INSTALL["environment"](clean(), INSTALL["settings"]([sys.executable, "-m", "pip"]))
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and sdist from a copy: a build leaves files in its source folder."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("MANIFEST.in", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", "node_modules")
    for name in ("src", "web", "scripts", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    uv("build", "--wheel", "--sdist", "--quiet", "--no-build-isolation", "--python", sys.executable, folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (built,) = distributions.glob("*.whl")
    return built


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Callable[[str], Environment]:
    """Installs the wheel, with an extra or none, at the locked versions."""

    def install(extra: str = "") -> Environment:
        uv("venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
        what = f"lightship[{extra}] @ {wheel.as_uri()}" if extra else f"lightship @ {wheel.as_uri()}"
        locked = ("--constraint", ROOT / "requirements" / "dev.txt", "--override", overrides)
        uv("pip", "install", "--quiet", "--python", tmp_path / "venv" / "bin" / "python", *locked, what)
        return Environment(tmp_path)

    overrides = tmp_path / "overrides.txt"  # as tool.uv of pyproject.toml: tensorflow-cpu replaces tensorflow
    overrides.write_text("tensorflow==2.21.0; sys_platform != 'linux' or platform_machine != 'x86_64'\n")
    return install


def test_distributions_contain_built_page_and_sources(distributions: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        installed = {name.removeprefix(PAGE) for name in archive.namelist() if name.startswith(PAGE)}
    assert "index.html.gz" in installed
    assert any(re.fullmatch(r"app/index-.{8}\.js\.gz", name) for name in installed)
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"src/{PAGE}{name}" for name in installed} <= names
    sources = {"web/package-lock.json", "web/.npmrc", "web/src/main.tsx", "scripts/build-web", "requirements/web.txt"}
    assert sources <= names


def test_lock_of_page_names_no_registry() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    assert len(packages) > 10
    assert [name for name, each in packages.items() if "resolved" in each] == []
    assert [name for name, each in packages.items() if name and "integrity" not in each] == []


def test_wheel_without_extras_predicts_and_names_serve(
    installed: Callable[[str], Environment], registries: Registries
) -> None:
    environment = installed("")
    done = environment.run("python", "-c", PREDICT.format(bundle=str(registries.examples / "quickstart" / "1")))
    assert done.returncode == 0, done.stderr
    assert "malignancy" in done.stdout
    environment.refused("serve", "models")
    done = environment.run("python", "-c", "import lightship; lightship.compile_model")
    assert done.stderr.strip().endswith("pip install 'lightship[compile]'")
    done = environment.run("python", "-c", TOKENIZE)
    assert "pip install 'lightship[text]'" in done.stderr.splitlines()[-1]


def test_extra_serve_serves_and_predicts_and_names_others(
    installed: Callable[[str], Environment], registries: Registries
) -> None:
    environment, registry, port = installed("serve"), ("--registry", str(registries.examples)), free_port()
    done = environment.run("lightship", "predict", "quickstart", "[[1, 2, 3]]", *registry)
    assert done.returncode == 0, done.stderr
    server = subprocess.Popen(
        [environment.folder / "venv" / "bin" / "lightship", "serve", "--port", str(port), *registry], env=clean()
    )
    try:
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            answer = client.post("/models/quickstart/predict", json={"input": [1, 2, 3]})
        assert answer.status_code == 200
    finally:
        server.terminate()
        assert server.wait(timeout=30) == 0
    for name in ("quickstart.keras", "logistic.skops"):
        environment.refused("compile", "compile", str(ROOT / "build" / "examples" / name))
    environment.refused("s3", "models", "--registry", "s3://bucket/models")
    environment.refused("local", "up")


def test_extra_s3_opens_registry_in_bucket(installed: Callable[[str], Environment]) -> None:
    done = installed("s3").run("python", "-c", "import lightship; lightship.Registry('s3://bucket/models')")
    assert done.returncode == 0, done.stderr


def test_extra_events_imports_functions_behind_queues(installed: Callable[[str], Environment]) -> None:
    program = "import lightship.handlers.score, lightship.formats.parquet as parquet; print(parquet.__name__)"
    done = installed("events").run("python", "-c", program)
    assert done.returncode == 0, done.stderr


def test_extra_tensorflow_imports_engine(installed: Callable[[str], Environment]) -> None:
    program = "from lightship.engines.tensorflow import tensorflow; print(tensorflow().__version__)"
    done = installed("tensorflow").run("python", "-c", program)
    assert done.returncode == 0, done.stderr


def test_extra_text_opens_tokenizers(installed: Callable[[str], Environment]) -> None:
    done = installed("text").run("python", "-c", TOKENIZE)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert "refused" not in first
    assert second.startswith("refused")


@pytest.mark.parametrize("extra", ["compile", pytest.param("local", marks=pytest.mark.slow)])
def test_extra_compile_compiles_and_predicts(installed: Callable[[str], Environment], extra: str) -> None:
    environment = installed(extra)
    source = str(ROOT / "build" / "examples" / "quickstart.keras")
    done = environment.run("lightship", "compile", source, "--no-sandbox", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "quickstart"
    done = environment.run("lightship", "predict", "quickstart", "[[1, 2, 3]]", "--json")
    assert done.returncode == 0, done.stderr
