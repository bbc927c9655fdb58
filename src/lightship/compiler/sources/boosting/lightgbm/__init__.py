"""LightGBM: ``.txt`` files of save_model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import digest_file
from lightship.compiler.sources.base import head
from lightship.compiler.sources.boosting.lightgbm import text
from lightship.compiler.sources.boosting.lightgbm.booster import validated
from lightship.compiler.sources.boosting.lightgbm.copy import written
from lightship.compiler.sources.boosting.original import BoostedOriginal, Library
from lightship.compiler.sources.libraries import imported, loaded
from lightship.compiler.sources.traced import ModelFile

_FIRST = b"tree\n"


class LightgbmFile:
    """Importer of LightGBM's model files."""

    name = "lightgbm"
    accepts = "a LightGBM .txt file"

    def matches(self, path: Path) -> bool:
        """Return whether a file begins as LightGBM's text format."""
        return head(path, len(_FIRST) + 1).replace(b"\r", b"").startswith(_FIRST)

    def owns(self, path: Path) -> bool:
        """Return True: no other format matches."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Parse and validate the file; raises SourceRefused."""
        validated(text.parse(path), path.name)
        return ()

    def load(self, path: Path, work: Path, *, trust: bool) -> BoostedOriginal:
        """Open a copy with the validated fields only in LightGBM."""
        model = text.parse(path)
        valid = validated(model, path.name)
        copy = work / "validated.txt"
        copy.write_text(written(model, objective=valid.objective, columns=valid.boosted.columns))
        library, version = _opened(path, copy)
        source = {"format": self.name, "digest": digest_file(path), "lightgbm": version}
        return BoostedOriginal(valid.boosted, library, ModelFile(source, path.stat().st_size, work))


def _opened(path: Path, copy: Path) -> tuple[Library, str]:
    """Return LightGBM with a model, and its version."""
    lightgbm = imported("lightgbm", "LightGBM")
    version = lightgbm.__version__
    booster = loaded(path, f"LightGBM {version}", lambda: lightgbm.Booster(model_file=str(copy)))

    def predict(features: Any) -> Any:
        return booster.predict(np.ascontiguousarray(features), num_threads=1)

    return Library({"LightGBM Booster.predict": predict}, "float64"), version
