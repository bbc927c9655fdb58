"""Part ``peers``: other servers for models, with the same compiled model inside, and with TensorFlow.

Each runs in an environment of its own, with what requirements/peers/NAME.txt pins; Lightship is measured beside them.
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
from benchmarks.questions import Question
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
    questions: Sequence[Question],
    plan: servers.Plan,
    step: Callable[[str], None],
) -> dict[str, Any]:
    """What :func:`benchmarks.servers.measure` gives, the peers' versions, and which have our model inside."""
    for name in NAMES:
        step(f"the environment of {name}, once")
        make_environment(name)
    step("the SavedModel for the peers")
    _export(keras_model)
    with_litert, with_tensorflow = _peers("LiteRT", compiled(registry)), _peers("TensorFlow", _SAVED_MODEL)
    figures = servers.measure([lightship(registry), *with_litert, *with_tensorflow], questions, plan, step)
    same = [stack.name for stack in with_litert]
    return {**figures, "versions": {name: version(name) for name in NAMES}, "same_model_inside": same}


def steps(plan: servers.Plan) -> int:
    """How often ``step`` will be called."""
    return len(NAMES) + 1 + (1 + 2 * len(NAMES)) * (1 + plan.rounds * len(servers.CONCURRENCIES))


def make_environment(name: str) -> Path:
    """The environment with what requirements/peers/NAME.txt pins: made once, and again when the file changes."""
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
    """The version of a peer that is pinned."""
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
        raise RuntimeError(f"the model could not be exported: {done.stderr[-2000:]}")


def _uv(*words: str) -> None:
    """Somewhere else, because uv would heed this project's own constraints."""
    command = [Path(sys.executable).with_name("uv"), "--quiet", *words]
    done = subprocess.run(command, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a peer's environment could not be made: {done.stderr[-2000:]}")
