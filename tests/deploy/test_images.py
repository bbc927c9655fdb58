"""Packages of tokenizers in the images, and the values of compose.yaml."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """Return a lock file with one package, `pieces`, which is a file."""
    wheel = tmp_path / "pieces-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pieces.py", "")
        archive.writestr("pieces-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: pieces\nVersion: 1\n")
        archive.writestr("pieces-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("pieces-1.dist-info/RECORD", "pieces.py,,\n")
    lock = tmp_path / "text.txt"
    lock.write_text(f"pieces @ {wheel.as_uri()} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return lock


def install(text: str, models: Path, requirements: Path) -> subprocess.CompletedProcess[str]:
    """Run the command of the images' stage into the folder `installed`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    words = [ROOT / "deploy" / "install-tokenizers", text, models, requirements, requirements.parent / "installed"]
    return subprocess.run(
        ["sh", *words], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("text", "operator", "expected"),
    [
        ("auto", "tokenizer.wordpiece", True),
        ("auto", "unicode.lower", False),
        ("always", "unicode.lower", True),
    ],
)
def test_image_with_model_of_tokens_or_text_always_gets_tokenizers(
    requirements: Path, tmp_path: Path, text: str, operator: str, expected: bool
) -> None:
    models = tmp_path / "models"
    (models / "films" / "1").mkdir(parents=True)
    (models / "films" / "1" / "manifest.json").write_text(f'{{"steps":[{{"operator":"{operator}"}}]}}')
    done = install(text, models, requirements)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "installed" / "pieces.py").is_file() == expected


@pytest.mark.parametrize("text", ["", "1", "Always"])
def test_image_with_unknown_value_of_text_is_not_built(requirements: Path, tmp_path: Path, text: str) -> None:
    done = install(text, tmp_path, requirements)
    assert done.returncode != 0
    assert "TEXT must be auto or always" in done.stderr


def test_compose_allows_no_transform_and_passes_text_by_default() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["lightship"]
    assert service["build"]["args"] == {"TEXT": "${LIGHTSHIP_TEXT:-auto}"}
    assert service["environment"]["LIGHTSHIP_TRANSFORMS"] == "${LIGHTSHIP_TRANSFORMS:-}"


@pytest.mark.parametrize("path", ["deploy/server", "functions/compile", "functions/predict"])
def test_image_copies_only_allowed_files(path: str) -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / path / "Dockerfile").read_text(), re.MULTILINE)
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sources = [source for copy in copies for source in copy.split()]
    assert sources
    assert [source for source in sources if not any(fnmatch(source, each) for each in allowed)] == []


def first_files(root: Path, handler: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the command of the stage; return its result and the copied files."""
    (root / "app.py").write_text(handler)
    (root / "used.py").write_text("")
    (root / "unused.py").write_text("")
    subprocess.run([sys.executable, "-m", "compileall", "-q", root], check=True)
    copies = root.parent / "first"
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "first-files", root, copies],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done, sorted(path.name.partition(".")[0] for path in copies.rglob("*.pyc"))


def test_first_files_of_function_are_imported_modules(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    done, copied = first_files(tmp_path / "task", "def handler(event, context):\n    import used\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert copied == ["app", "used"]
    assert (tmp_path / "first" / "__pycache__").is_dir()


@pytest.mark.parametrize("handler", ["raise SystemError('no region')", "import sys\nsys.exit(1)", "handler = None"])
def test_first_files_of_failing_function_are_not_copied(tmp_path: Path, handler: str) -> None:
    (tmp_path / "task").mkdir()
    done, copied = first_files(tmp_path / "task", handler)
    assert (done.returncode, copied) == (0, [])
    assert "get no layer of their own" in done.stderr
