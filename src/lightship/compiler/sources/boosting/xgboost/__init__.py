"""XGBoost: ``.json`` and ``.ubj`` files of save_model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightship.bundle import digest_file
from lightship.compiler.sources.base import head, suffix
from lightship.compiler.sources.boosting.original import BoostedOriginal, Library
from lightship.compiler.sources.boosting.xgboost import document
from lightship.compiler.sources.boosting.xgboost.copy import written
from lightship.compiler.sources.boosting.xgboost.learner import read_learner
from lightship.compiler.sources.libraries import imported, loaded
from lightship.compiler.sources.traced import ModelFile

_BEGINNING = 4096  # bytes, in which save_model writes the key "learner"


class XgboostFile:
    """Importer of XGBoost's model files."""

    name = "xgboost"
    accepts = "an XGBoost .json or .ubj file"

    def matches(self, path: Path) -> bool:
        """Return whether a path is a .ubj file, or JSON that begins as XGBoost's."""
        if not path.is_file():
            return False
        return suffix(path) == ".ubj" or is_json(path)

    def owns(self, path: Path) -> bool:
        """Return True: no other format matches."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Parse and validate the file; raises SourceRefused."""
        read_learner(document.parse(path), path.name)
        return ()

    def load(self, path: Path, work: Path, *, trust: bool) -> BoostedOriginal:
        """Open a copy with the validated values only in XGBoost."""
        learner = read_learner(document.parse(path), path.name)
        copy = work / "validated.ubj"
        copy.write_bytes(written(learner))
        library, version = _opened(path, copy)
        source = {"format": self.name, "digest": digest_file(path), "xgboost": version}
        original = BoostedOriginal(learner.boosted, library, ModelFile(source, path.stat().st_size, work))
        original.notes.extend(learner.notes)
        return original


def is_json(path: Path) -> bool:
    """Return whether a file begins as a JSON file of XGBoost."""
    first = head(path, _BEGINNING).lstrip()
    return first[:1] == b"{" and b'"learner"' in first


def _opened(path: Path, copy: Path) -> tuple[Library, str]:
    """Return XGBoost with a model, and its version."""
    xgboost = imported("xgboost", "XGBoost")
    version = xgboost.__version__
    booster = loaded(path, f"XGBoost {version}", lambda: xgboost.Booster({"nthread": 1}, model_file=str(copy)))

    def predict(features: Any) -> Any:
        return booster.predict(xgboost.DMatrix(features, nthread=1))

    def inplace_predict(features: Any) -> Any:
        return booster.inplace_predict(features)

    calls = {"XGBoost Booster.predict": predict, "XGBoost Booster.inplace_predict": inplace_predict}
    return Library(calls, "float32"), version
