"""Loading of scikit-learn models with the library that wrote the file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.bundle import digest_file
from lightship.compiler.sources.sklearn.intake.contents import check_contents
from lightship.compiler.sources.sklearn.original import SklearnOriginal
from lightship.compiler.sources.sklearn.translate.base import Untranslatable
from lightship.compiler.sources.traced import ModelFile
from lightship.engines.causes import translated
from lightship.errors import SourceRefused
from lightship.extras import missing_extra


def load_skops(path: Path, work: Path, types: Sequence[str]) -> SklearnOriginal:
    """Load a checked .skops file, which may build objects of ``types``."""
    skops = _imported("skops.io")
    return _load(path, work, "skops", lambda: skops.load(path, trusted=list(types)))


def load_pickle(path: Path, work: Path) -> SklearnOriginal:
    """Unpickle a file that the user trusts."""
    joblib = _imported("joblib")
    return _load(path, work, "pickle", lambda: joblib.load(path))


def _imported(module: str) -> Any:
    try:
        import_module("sklearn")
        return import_module(module)
    except ImportError:
        raise missing_extra("compile", "compiling scikit-learn models") from None


def _load(path: Path, work: Path, kind: str, load: Callable[[], Any]) -> SklearnOriginal:
    import sklearn

    model, saved = _opened(path, load)
    check_contents(path.name, model)
    source = {"format": kind, "digest": digest_file(path), "scikit-learn": sklearn.__version__}
    try:
        original = SklearnOriginal(model, ModelFile(source, path.stat().st_size, work))
    except Untranslatable as error:
        raise SourceRefused(f"{path.name}: {error.message}", detail=error.detail) from None
    if saved:
        original.notes.append(
            f"scikit-learn {saved} saved the model, and {sklearn.__version__} computed the outputs that the "
            "compiled model was compared with: they may differ from those of the earlier version"
        )
    return original


def _opened(path: Path, load: Callable[[], Any]) -> tuple[Any, str]:
    """Return the model, and the other version of scikit-learn that saved it, if any."""
    import sklearn
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = load()
        except Exception as error:  # a class of another version raises any exception
            message = f"scikit-learn {sklearn.__version__} cannot load {path.name}"
            raise translated(SourceRefused, message, error) from None
    messages = [each.message for each in caught]
    versions = [each.original_sklearn_version for each in messages if isinstance(each, InconsistentVersionWarning)]
    return model, versions[0] if versions else ""
