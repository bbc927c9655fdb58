"""Files of Lambda images, installed without Docker: a folder for each layer."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.stacks import BUILT, ROOT

FOLDER = BUILT / "cold"

_COMPILE = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", ".")
_USUAL_PACKAGES = ("tensorflow-cpu", "keras", "fastapi", "mangum")
_NOT_RUN = shutil.ignore_patterns(
    "site-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "config-*", "*.a"
)


@dataclass(frozen=True)
class Image:
    """Folders of an image, from its base to its code.

    Attributes:
        name: as in the tables.
        python: the interpreter, its library and standard library. Copies, which no other process maps.
        layers: folders that are in ``sys.path``: AWS's runtime client, packages, code.
        variables: environment variables of the function.
        predicts: whether its answers are predictions.
    """

    name: str
    python: Path
    layers: Sequence[Path]
    variables: dict[str, str]
    predicts: bool = True

    @property
    def code(self) -> Path:
        """Return the folder with ``app.py``."""
        return self.layers[-1]

    def command(self) -> list[str]:
        """Return the command of AWS's runtime client with the handler."""
        return [str(self.python / "bin" / "python"), "-m", "awslambdaric", "app.handler"]

    def environment(self) -> dict[str, str]:
        """Return the complete environment of the function's process."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONHOME": str(self.python),
            "LD_LIBRARY_PATH": str(self.python / "lib"),
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in reversed(self.layers)),
            "LAMBDA_TASK_ROOT": str(self.code),
            "HOME": "/tmp",  # noqa: S108
            **self.variables,
        }


def lightship(registry: Path, model: str) -> Image:
    """Install the image of functions/predict/Dockerfile with one model.

    Raises RuntimeError if pip fails.
    """
    lock, script = ROOT / "requirements" / "predict.txt", ROOT / "deploy" / "install-packages"
    packages = _cached("packages", _digest(lock, script), lambda to: _run(["sh", script, lock, to], ROOT))
    code = _emptied(FOLDER / "lightship")
    shutil.copy(ROOT / "functions" / "predict" / "app.py", code)
    shutil.copytree(ROOT / "src" / "lightship", code / "lightship", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(registry / model, code / "models" / model)
    _run([sys.executable, *_COMPILE], code)
    variables = {"LIGHTSHIP_REGISTRY": str(code / "models"), "LIGHTSHIP_DEFAULT_MODEL": model}
    return Image("lightship", _python(), (_runtime(), packages, code), variables)


def usual(keras_model: Path) -> Image:
    """Install the image of benchmarks/usual/Dockerfile.

    Raises RuntimeError if pip fails.
    """
    pins = [f"{package}=={version(package)}" for package in _USUAL_PACKAGES]
    packages = _cached("usual-packages", _digest(*pins), lambda to: _pip(to, *pins, "--compile"))
    code = _emptied(FOLDER / "usual")
    shutil.copy(Path(__file__).parents[1] / "usual" / "app.py", code)
    shutil.copy(keras_model, code / "model.keras")
    variables = {"MODEL": str(code / "model.keras"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return Image("usual", _python(), (_runtime(), packages, code), variables)


def noop() -> Image:
    """Install only the base image, with a handler that does no work."""
    code = _emptied(FOLDER / "noop")
    shutil.copy(Path(__file__).parents[1] / "noop" / "app.py", code)
    return Image("noop", _python(), (_runtime(), code), {}, predicts=False)


def _python() -> Path:
    """Copy the interpreter: other processes map the pages of the original."""
    standard, prefix = Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix)
    version_of_file = _digest(str(prefix), sys.version)

    def copy(to: Path) -> None:
        (to / "bin").mkdir(parents=True)
        shutil.copy(Path(sys.executable).resolve(), to / "bin" / "python")
        shutil.copytree(standard, to / "lib" / standard.name, ignore=_NOT_RUN)
        for library in (prefix / "lib").glob("libpython*.so*"):
            shutil.copy(library, to / "lib")

    return _cached("python", version_of_file, copy)


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
    _run([sys.executable, "-m", "pip", "install", *quiet, "--target", to, *arguments], ROOT)


def _run(command: Sequence[str | Path], folder: Path) -> None:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} fails:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
