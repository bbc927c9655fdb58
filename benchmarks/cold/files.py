"""Files of Lambda images, installed without Docker: a folder for each layer."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from benchmarks.cold import blocks
from benchmarks.stacks import BUILT, ROOT

FOLDER = BUILT / "cold"

_COMPILE = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", ".")
# Prints what is mapped after the import of modules with libraries of the system.
_LIBRARIES = """
import bz2, ctypes, hashlib, lzma, ssl, zlib
for name in ("libstdc++.so.6", "libgcc_s.so.1", "librt.so.1", "libdl.so.2", "libpthread.so.0"):
    ctypes.CDLL(name)
print(open("/proc/self/maps").read())
"""
_USUAL_PACKAGES = ("tensorflow-cpu", "keras", "fastapi", "mangum")
_NOT_RUN = shutil.ignore_patterns(
    "site-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "config-*", "*.a"
)


@dataclass(frozen=True)
class Layer:
    """Files of a layer in the order of its archive, relative to a folder."""

    folder: Path
    files: Sequence[Path]


@dataclass(frozen=True)
class Image:
    """Folders and layers of an image.

    Attributes:
        name: as in the tables.
        python: the interpreter, its library and standard library. Copies, which no other process maps.
        runtime: AWS's runtime client, which belongs to the base image, too.
        task: packages and ``app.py``.
        layers: the layers of ``task``; a later one replaces files of an earlier one.
        variables: environment variables of the function.
        predicts: whether its answers are predictions.
    """

    name: str
    python: Path
    runtime: Path
    task: Path
    layers: Sequence[Layer]
    variables: dict[str, str]
    predicts: bool = True

    def command(self, *arguments: str) -> list[str]:
        """Return the command of the interpreter."""
        return [str(self.python / "bin" / "python"), *arguments]

    def environment(self) -> dict[str, str]:
        """Return the complete environment of the function's process."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONHOME": str(self.python),
            "LD_LIBRARY_PATH": str(self.python / "lib"),
            "PYTHONPATH": os.pathsep.join((str(self.task), str(self.runtime))),
            "LAMBDA_TASK_ROOT": str(self.task),
            "HOME": "/tmp",  # noqa: S108
            **self.variables,
        }


def lightship(registry: Path, model: str) -> Image:
    """Install the image of functions/predict/Dockerfile with one model.

    Raises RuntimeError if pip or the script of the layer of first files fails.
    """
    lock, script = ROOT / "requirements" / "predict.txt", ROOT / "deploy" / "install-packages"
    packages = _cached("packages", _digest(lock, script), lambda to: _run(["sh", script, lock, to]))
    code = _emptied(FOLDER / "code")
    shutil.copy(ROOT / "functions" / "predict" / "app.py", code)
    shutil.copytree(ROOT / "src" / "lightship", code / "lightship", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(registry / model, code / "models" / model)
    _run([sys.executable, *_COMPILE], folder=code)
    variables = {"LIGHTSHIP_REGISTRY": str(FOLDER / "lightship" / "models"), "LIGHTSHIP_DEFAULT_MODEL": model}
    image = _image("lightship", (packages, code), variables)
    first = _emptied(FOLDER / "first")
    _run(
        image.command(str(ROOT / "deploy" / "first-files"), str(image.task), str(first)), variables=image.environment()
    )
    return _image("lightship", (packages, code, first), variables)


def usual(keras_model: Path) -> Image:
    """Install the image of benchmarks/usual/Dockerfile.

    Raises RuntimeError if pip fails.
    """
    pins = [f"{package}=={version(package)}" for package in _USUAL_PACKAGES]
    packages = _cached("usual-packages", _digest(*pins), lambda to: _pip(to, *pins, "--compile"))
    code = _emptied(FOLDER / "code")
    shutil.copy(Path(__file__).parents[1] / "usual" / "app.py", code)
    shutil.copy(keras_model, code / "model.keras")
    variables = {"MODEL": str(FOLDER / "usual" / "model.keras"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return _image("usual", (packages, code), variables)


def noop() -> Image:
    """Install only the base image, with a handler that does no work."""
    code = _emptied(FOLDER / "code")
    shutil.copy(Path(__file__).parents[1] / "noop" / "app.py", code)
    return replace(_image("noop", (code,), {}), predicts=False)


def _image(name: str, folders: Sequence[Path], variables: dict[str, str]) -> Image:
    """Put the layers into one folder; a later one replaces files of an earlier one."""
    task = _emptied(FOLDER / name)
    layers = [Layer(task, blocks.in_order(folder)) for folder in folders]
    for folder, layer in zip(folders, layers, strict=True):
        for path in layer.files:
            (task / path).parent.mkdir(parents=True, exist_ok=True)
            (task / path).unlink(missing_ok=True)
            os.link(folder / path, task / path)
    return Image(name, _python(), _runtime(), task, layers, variables)


def _python() -> Path:
    """Copy the interpreter: other processes map the pages of the original."""
    standard, prefix = Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix)

    def copy(to: Path) -> None:
        (to / "bin").mkdir(parents=True)
        shutil.copy(Path(sys.executable).resolve(), to / "bin" / "python")
        shutil.copytree(standard, to / "lib" / standard.name, ignore=_NOT_RUN)
        for library in map(Path, _libraries()):
            shutil.copy(library, to / "lib")
            short = re.sub(r"(\.so\.\d+)\..*", r"\1", library.name)  # the name that other files require
            if not (to / "lib" / short).exists():
                (to / "lib" / short).symlink_to(library.name)

    return _cached("python", _digest(str(prefix), sys.version, _LIBRARIES), copy)


def _libraries() -> list[str]:
    """Return the shared libraries that an interpreter maps, without the loader."""
    done = subprocess.run([sys.executable, "-c", _LIBRARIES], capture_output=True, text=True, check=True)
    mapped = {line.split(maxsplit=5)[5].strip() for line in done.stdout.splitlines() if "/" in line}
    return sorted(path for path in mapped if re.search(r"/lib[^/]*\.so", path) and "site-packages" not in path)


def _runtime() -> Path:
    """Install AWS's runtime client, which is part of the base image."""
    pin = f"awslambdaric=={version('awslambdaric')}"
    return _cached("runtime", _digest(pin), lambda to: _pip(to, pin, "--compile"))


def _cached(name: str, digest: str, make: Callable[[Path], object]) -> Path:
    """Return a folder below FOLDER, made anew unless its digest is this one."""
    folder, stamp = FOLDER / name, FOLDER / f"{name}.digest"
    if not stamp.is_file() or stamp.read_text() != digest:
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        make(folder)
        stamp.write_text(digest)
    return folder


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _digest(*parts: str | Path) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return found.hexdigest()


def _pip(to: Path, *arguments: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--root-user-action", "ignore")
    _run([sys.executable, "-m", "pip", "install", *quiet, "--target", to, *arguments])


def _run(command: Sequence[str | Path], *, folder: Path = ROOT, variables: Mapping[str, str] | None = None) -> None:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = variables or {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} fails:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
