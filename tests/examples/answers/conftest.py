"""Two short documents, and the compiled encoder of ``make examples``."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.answers.index import Encoder, make, read_collection
from examples.answers.search import Search
from tests.emulator import ROOT

REGISTRY = ROOT / "build" / "examples" / "applications"
BOATS = """# Boats

## Mooring

Tie the rope to a cleat with two turns. A bowline also holds.

## Engine

The diesel motor needs new oil after 200 hours.

```sh
<script>alert(1)</script>
```
"""
BREAD = """<html><head><title>x</title><script>alert(2)</script></head><body><nav><a href="#a">Bread</a></nav>
<h1 id="top">Bread</h1><p>Bake the loaf for forty minutes at 220 degrees.</p>
<p>&lt;img src=x onerror=alert(3)&gt; is shown as text.</p></body></html>"""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    assert (REGISTRY / "answers").is_dir(), "the model is missing: run `make examples`"
    return Encoder(str(REGISTRY))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "boats.md").write_text(BOATS)
    (made / "bread.html").write_text(BREAD)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.npz"


@pytest.fixture
def search(folder: Path, path: Path, encoder: Encoder) -> Search:
    return Search(make(read_collection(folder), path, encoder=encoder), encoder)
