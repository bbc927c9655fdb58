"""Architecture=arm64: all packages of images have aarch64 wheels.

The wheels are checked by the hashes of the lock files.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.evaluated import ROOT, SOURCE

PACKAGES = {
    "requirements/predict.txt": None,
    "requirements/events.txt": None,
    "requirements/tensorflow.txt": "tensorflow==",
    "requirements/compile.txt": "tensorflow==",
    "requirements/serve.txt": None,
    "requirements/text.txt": None,
}
PLATFORM = ("--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13", "--only-binary", ":all:")
NO_INDEX = ("Failed to fetch", "error sending request", "dns error", "Connection refused", "timed out")


@pytest.mark.parametrize(("lock", "named"), PACKAGES.items())
def test_arm64_packages_have_wheels(lock: str, named: str | None, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    install = ["pip", "install", "--dry-run", "--no-deps", "--require-hashes", *PLATFORM, "--target", str(tmp_path)]
    # Not in the repository's root, where uv would add the project's constraints, which have no hashes.
    command = [uv, *install, "--requirement", str(ROOT / lock)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and any(sign in done.stderr for sign in NO_INDEX):
        pytest.skip("no package index is reachable")
    assert done.returncode == 0, done.stderr
    installed = [line.removeprefix(" + ") for line in done.stderr.splitlines() if line.startswith(" + ")]
    assert len(installed) > (0 if lock.endswith("text.txt") else 5)
    assert [name for name in installed if name.startswith("tensorflow")] == [
        name for name in installed if named and name.startswith(named)
    ]


def test_arm64_every_lock_of_images_is_tested() -> None:
    assert "arm64" in SOURCE["Parameters"]["Architecture"]["AllowedValues"]
    files = [*ROOT.glob("functions/*/Dockerfile"), *ROOT.glob("deploy/*/Dockerfile")]
    text = "".join(file.read_text() for file in files)
    used = {word for word in text.split() if word.startswith("requirements/")}
    assert used == PACKAGES.keys()
