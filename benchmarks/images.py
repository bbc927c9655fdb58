"""Part ``image``: size of the Lambda image and of one built the usual way."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

BASE = "public.ecr.aws/lambda/python:3.13"
LIGHTSHIP = "predictfunction:litert"  # the tag that `sam build` uses
USUAL = "lightship-benchmarks-usual"

_USUAL_PACKAGES = ("tensorflow-cpu", "keras", "fastapi", "mangum")
_MEGABYTE = 1_000_000  # as Docker counts


def measure(keras_model: Path, step: Callable[[str], None], *, build: bool) -> dict[str, Any]:
    """Return the megabytes of both images and of their base image.

    Returns ``{"not_measured": reason}`` if an image is missing. With ``build``, a missing usual image is built, which
    downloads about 300 MB.
    """
    step("image sizes")
    if not _docker_answers():
        return {"not_measured": "no Docker engine answers"}
    if _megabytes(LIGHTSHIP) is None:
        return {"not_measured": "Lightship's image does not exist: run `make build`"}
    if build and _megabytes(USUAL) is None:
        step("building the usual image, once")
        _build(keras_model)
    if _megabytes(USUAL) is None:
        return {"not_measured": "the usual image has not been built"}
    return {"megabytes": {"usual": _megabytes(USUAL), "lightship": _megabytes(LIGHTSHIP), "base": _megabytes(BASE)}}


def steps() -> int:
    """Return the largest number of calls of ``step``."""
    return 2


def _build(keras_model: Path) -> None:
    """Build the image of the usual function with the package versions of this process."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        for file in (Path(__file__).parent / "usual").glob("*"):
            if file.is_file():
                shutil.copy(file, context)
        shutil.copy(keras_model, context / "model.keras")
        pins = "".join(f"{package}=={version(package)}\n" for package in _USUAL_PACKAGES)
        (context / "requirements.txt").write_text(pins)
        done = subprocess.run(
            ["docker", "build", "--quiet", "--tag", USUAL, folder], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise RuntimeError(f"cannot build the usual image:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")


def _docker_answers() -> bool:
    return shutil.which("docker") is not None and not _docker("info").returncode


def _megabytes(image: str) -> float | None:
    done = _docker("image", "inspect", "--format", "{{.Size}}", image)
    return None if done.returncode else round(int(done.stdout) / _MEGABYTE, 1)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=60)
