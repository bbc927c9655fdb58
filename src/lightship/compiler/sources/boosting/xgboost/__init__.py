"""XGBoost: ``.json`` and ``.ubj`` files of save_model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightship.bundle import digest_file
from lightship.compiler.sources.base import head, suffix
from lightship.compiler.sources.boosting.original import BoostedOriginal, Library
from lightship.compiler.sources.boosting.xgboost import document
from lightship.compiler.sources.boosting.xgboost.learner import Learner, read
from lightship.extras import missing_extra

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
        read(document.parse(path), path.name)
        return ()

    def load(self, path: Path, work: Path, *, trust: bool) -> BoostedOriginal:
        """Open the model in XGBoost."""
        learner = read(document.parse(path), path.name)
        original = BoostedOriginal(learner.boosted, _library(path, learner), work, path.stat().st_size)
        original.notes.extend(learner.notes)
        return original


def is_json(path: Path) -> bool:
    """Return whether a file begins as a JSON file of XGBoost."""
    first = head(path, _BEGINNING).lstrip()
    return first[:1] == b"{" and b'"learner"' in first  # as in lightship.compiler.sources.unsupported


def _library(path: Path, learner: Learner) -> Library:
    try:
        import xgboost
    except ImportError:
        raise missing_extra("compile", "compiling XGBoost models") from None
    booster = xgboost.Booster({"nthread": 1}, model_file=str(path))
    booster.feature_names = booster.feature_types = None  # arrays have none
    rounds = (0, learner.rounds)

    def predict(features: Any) -> Any:
        return booster.predict(xgboost.DMatrix(features, nthread=1), iteration_range=rounds)

    def inplace_predict(features: Any) -> Any:
        return booster.inplace_predict(features, iteration_range=rounds)

    source = {"format": "xgboost", "digest": digest_file(path), "xgboost": xgboost.__version__}
    calls = {"XGBoost Booster.predict": predict, "XGBoost Booster.inplace_predict": inplace_predict}
    return Library(source, calls, "float32")
