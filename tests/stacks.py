"""``lightship up`` as a process, in a folder where it writes .lightship.env."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.test_serve import running
from tests.emulator import ROOT


@contextmanager
def up(
    folder: Path, *words: str, template: Path = ROOT / "template.yaml", **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a stack on free ports in a folder; yield its process and its address."""
    with running("up", "--template", str(template), *words, folder=folder, **environment) as (process, url):
        yield process, url


def variables(folder: Path) -> dict[str, str]:
    """Return the variables of the stack that runs in a folder."""
    return dict(re.findall(r"export (\w+)=(\S+)", (folder / ".lightship.env").read_text()))
