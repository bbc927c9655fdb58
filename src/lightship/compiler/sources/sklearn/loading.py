"""Loading of scikit-learn models with the library that wrote the file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lightship.bundle import digest_file
from lightship.compiler.sources.libraries import imported, loaded
from lightship.compiler.sources.sklearn.intake.contents import check_contents
from lightship.compiler.sources.sklearn.original import SklearnOriginal
from lightship.compiler.sources.sklearn.translate.base import Untranslatable
from lightship.compiler.sources.traced import ModelFile
from lightship.errors import SourceRefused

_LIBRARY = "scikit-learn"


def load_skops(path: Path, work: Path, types: Sequence[str]) -> SklearnOriginal:
    """Load a checked .skops file, which may build objects of ``types``."""
    skops = imported("skops.io", _LIBRARY)
    return _load(path, work, "skops", lambda: skops.load(path, trusted=list(types)))


def load_pickle(path: Path, work: Path) -> SklearnOriginal:
    """Unpickle a file that the user trusts."""
    joblib = imported("joblib", _LIBRARY)
    return _load(path, work, "pickle", lambda: joblib.load(path))


def _load(path: Path, work: Path, kind: str, load: Callable[[], Any]) -> SklearnOriginal:
    version = imported("sklearn", _LIBRARY).__version__
    model, saved = _opened(path, version, load)
    check_contents(path.name, model)
    source = {"format": kind, "digest": digest_file(path), _LIBRARY: version}
    try:
        original = SklearnOriginal(model, ModelFile(source, path.stat().st_size, work))
    except Untranslatable as error:
        raise SourceRefused(f"{path.name}: {error.message}", detail=error.detail) from None
    if saved:
        original.notes.append(
            f"{_LIBRARY} {saved} saved the model, and {version} computed the outputs that the "
            "compiled model was compared with: they may differ from those of the earlier version"
        )
    return original


def _opened(path: Path, version: str, load: Callable[[], Any]) -> tuple[Any, str]:
    """Return the model, and the other version of scikit-learn that saved it, if any."""
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = loaded(path, f"{_LIBRARY} {version}", load)
    messages = [each.message for each in caught]
    versions = [each.original_sklearn_version for each in messages if isinstance(each, InconsistentVersionWarning)]
    return model, versions[0] if versions else ""
