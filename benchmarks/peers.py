"""Part ``peers``: other model servers with the same compiled model and TensorFlow.

Each has its own virtual environment with the packages of requirements/peers/NAME.txt. Lightship is measured in the same
rounds.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.examples import Example
from benchmarks.stacks import BUILT, ROOT, Stack, compiled, lightship

NAMES = ("bentoml", "litserve")

FULL = servers.Plan(rounds=2, seconds=2.0, slow_seconds=2.0, warm_up=0.5)
QUICK = servers.QUICK

_REQUIREMENTS = ROOT / "requirements" / "peers"
_ENVIRONMENTS = ROOT / "build" / "peers"
_SAVED_MODEL = BUILT / "saved_model"
_EXPORT = "import sys, keras; keras.models.load_model(sys.argv[1]).export(sys.argv[2], verbose=False)"


def measure(
    registry: Path,
    keras_model: Path,
    examples: Sequence[Example],
    plan: servers.Plan,
    step: Callable[[str], None],
) -> dict[str, Any]:
    """Return the figures of :func:`benchmarks.servers.measure` and the versions.

    ``same_model_inside`` lists the servers with the compiled model.
    """
    for name in NAMES:
        step(f"creating the environment of {name}, once")
        make_environment(name)
    step("exporting the SavedModel")
    _export(keras_model)
    with_litert, with_tensorflow = _peers("LiteRT", compiled(registry)), _peers("TensorFlow", _SAVED_MODEL)
    figures = servers.measure([lightship(registry), *with_litert, *with_tensorflow], examples, plan, step)
    same = [stack.name for stack in with_litert]
    return {**figures, "versions": {name: version(name) for name in NAMES}, "same_model_inside": same}


def steps(plan: servers.Plan) -> int:
    """Return the number of calls of ``step``."""
    return len(NAMES) + 1 + (1 + 2 * len(NAMES)) * (1 + plan.rounds * len(servers.CONCURRENCIES))


def make_environment(name: str) -> Path:
    """Return the environment of requirements/peers/NAME.txt, made again if it changes."""
    requirements, folder = _REQUIREMENTS / f"{name}.txt", _ENVIRONMENTS / name
    stamp, digest = folder / "made-from", hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(folder))
        python = str(folder / "bin" / "python")
        _uv("pip", "install", "--python", python, "--require-hashes", "-r", str(requirements))
        stamp.write_text(digest)
    return folder


def version(name: str) -> str:
    """Return the pinned version of a server."""
    found = re.search(rf"^{name}==(\S+)", (_REQUIREMENTS / f"{name}.in").read_text(), re.MULTILINE)
    assert found is not None, f"requirements/peers/{name}.in does not pin {name}"
    return found[1]


def _peers(inside: str, model: Path) -> list[Stack]:
    here, app = Path(__file__).parent, f"with_{inside.lower()}"
    bentoml, litserve = (_ENVIRONMENTS / name / "bin" for name in NAMES)
    quiet = {"BENTOML_HOME": str(BUILT / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
    serve = (str(bentoml / "bentoml"), "serve", f"{app}:Predictor", "--host", "127.0.0.1", "--port", "{port}")
    run = (str(litserve / "python"), f"{app}.py", "{port}")
    return [
        Stack(f"bentoml ({inside})", here / "bentoml", {"MODEL": str(model), **quiet}, serve),
        Stack(f"litserve ({inside})", here / "litserve", {"MODEL": str(model)}, run),
    ]


def _export(keras_model: Path) -> None:
    shutil.rmtree(_SAVED_MODEL, ignore_errors=True)
    command = [sys.executable, "-c", _EXPORT, str(keras_model), str(_SAVED_MODEL)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cannot export the model: {done.stderr[-2000:]}")


def _uv(*words: str) -> None:
    """Run uv in another folder, because it would apply this project's constraints."""
    command = [str(Path(sys.executable).with_name("uv")), "--quiet", *words]
    done = subprocess.run(command, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cannot create the environment: {done.stderr[-2000:]}")
