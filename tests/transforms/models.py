"""A model with a transform: texts such as ``12,50`` are doubled, and get a label."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import numpy as np

from lightship.bundle import GOLDEN, Bundle, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.bundle.transform import UsedTransform
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings
from lightship.tensors import TensorSpec

# While it is not set, a row with the text "hang" waits.
GATE = Event()
GATE.set()

# Code of a transform whose import waits while the gate is closed.
WAITING = "from tests.transforms.models import GATE\nGATE.wait()\n"

AMOUNTS = TensorSpec("amounts", "string", (None, 2))
OUTPUTS = (TensorSpec("y", "float32", (None, 2)), TensorSpec("label", "string", (None,)))

CODE = """
import numpy as np
from lightship import InvalidInput
from tests.transforms.models import GATE

def preprocess(inputs):
    rows = [[number(cell) for cell in row] for row in inputs["amounts"].tolist()]
    return {"x": np.array(rows, np.float64 if b"float64" in inputs["amounts"] else np.float32)}

def number(cell):
    if cell == b"hang":
        GATE.wait()
    if cell == b"raise":
        raise ValueError("a secret")
    if cell in (b"hang", b"float64"):
        return 0.0
    try:
        return float(cell.replace(b",", b"."))
    except ValueError:
        raise InvalidInput(f"{cell.decode()!r} is not an amount") from None

def postprocess(outputs):
    y = outputs["y"]
    return {"y": y, "label": np.where(y.sum(axis=1) > 100, "hoch", "n\\u00f6")}
"""


def allowed(folder: Path, code: str = CODE, *, name: str = "amounts", seconds: float = 30.0) -> TransformSettings:
    """Write a transform's file and return the settings that allow it."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(code)
    return TransformSettings((name,), folder, seconds)


def publish(registry: Registry, source: Path, name: str = "priced", transform: str = "amounts") -> Bundle:
    """Publish the small bundle "modes" in ``source`` with a transform."""
    with registry.staging() as staged:
        own = Bundle.open(source / "modes" / "1").copy(staged)
        inputs = np.array([[b"1,5", b"4"], [b"100", b"0,5"]], object)
        doubled = np.array([[3.0, 8.0], [200.0, 1.0]], np.float32)
        labels = np.array(["n\u00f6".encode(), b"hoch"], object)
        golden = {each.name: ({"amounts": inputs}, {"y": doubled, "label": labels}) for each in own.manifest.signatures}
        write_golden(staged / GOLDEN, golden)
        client = tuple(
            each._replace(inputs=(AMOUNTS,), outputs=OUTPUTS, independent_rows=True) for each in own.manifest.signatures
        )
        used = UsedTransform(transform, "", own.manifest.signatures)
        manifest = own.manifest._replace(signatures=client, transform=used, files=digests(staged))
        registry.publish(name, write_manifest(staged, manifest))
    return registry.bundle(name, 1)


@contextmanager
def closed_gate() -> Iterator[None]:
    """Make rows with the text "hang" wait until the end of the context."""
    GATE.clear()
    try:
        yield
    finally:
        GATE.set()
