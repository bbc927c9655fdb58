"""Loading a transform: a file of the transforms' folder, or an entry point."""

from __future__ import annotations

import hashlib
import inspect
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from lightship.errors import MissingTransform
from lightship.settings import TransformSettings
from lightship.tensors import Array
from lightship.transforms.failures import summary
from lightship.transforms.limited import Limited, Raised, TimedOut, TooManyAbandoned

Arrays = Mapping[str, Array]
Function = Callable[[Arrays], Any]

# The group of entry points with which an installed package offers transforms.
GROUP = "lightship.transforms"

_LOG = logging.getLogger(__name__)

# Running imports by file, with those that exceeded the limit.
_IMPORTS: dict[Path, Limited] = {}


@dataclass(frozen=True)
class Transform:
    """A transform's functions.

    Attributes:
        name: the name in model.yaml and manifests.
        sha256: digest of its source in hexadecimal; empty where an installed package has no source file.
        preprocess: the module's function; None where it has none.
        postprocess: likewise; it takes the model's outputs, and the client's inputs where it has a second parameter.
        takes_inputs: whether it has one.
    """

    name: str
    sha256: str
    preprocess: Function | None = None
    postprocess: Callable[..., Any] | None = None
    takes_inputs: bool = False


def load(name: str, settings: TransformSettings) -> Transform:
    """Load an allowed transform within the time limit; raises MissingTransform.

    ``name`` is one that a manifest or model.yaml accepts. The file ``NAME.py`` of the folder precedes an entry point.
    """
    if name not in settings.names:
        raise MissingTransform(
            f"the model uses the transform '{name}', which is not allowed here: if you trust {settings.folder.name}/"
            f"{name}.py, add {name} to LIGHTSHIP_TRANSFORMS (on AWS, to the parameter Transforms)"
        )
    module, source = _imported(name, settings)
    functions = {part: _function(module, part, name) for part in ("preprocess", "postprocess")}
    if not any(functions.values()):
        raise MissingTransform(f"the transform '{name}' has neither a function preprocess nor a function postprocess")
    digest = hashlib.sha256(source).hexdigest() if source else ""
    return Transform(name, digest, **functions, takes_inputs=_takes_two(functions["postprocess"]))


def _imported(name: str, settings: TransformSettings) -> tuple[object, bytes]:
    """Import a transform; return its module with its source."""
    path = settings.folder / f"{name}.py"
    try:
        return _within_limit(path, settings.seconds, partial(_import, name, path, settings))
    except Raised as raised:
        if isinstance(raised.error, MissingTransform):
            raise raised.error from None
        _LOG.error("the transform '%s' cannot be imported", name, exc_info=raised.error)
        message = f"the transform '{name}' raised {type(raised.error).__name__} when it was imported"
        raise MissingTransform(message, detail=summary(raised.error)) from raised.error
    except TimedOut:
        message = f"the transform '{name}' was not imported within {settings.seconds:g} s"
        _LOG.error("%s; the import is still running", message)
        raise MissingTransform(message) from None
    except TooManyAbandoned:
        raise MissingTransform(f"an earlier import of the transform '{name}' has not returned yet") from None


def _within_limit(path: Path, seconds: float, function: Callable[[], tuple[object, bytes]]) -> tuple[object, bytes]:
    """Run an import in another thread, unless an earlier one is still running."""
    limited = _IMPORTS.setdefault(path, Limited(seconds, most_abandoned=1))
    try:
        imported: tuple[object, bytes] = limited.call(function)
        return imported
    finally:
        if not limited.abandoned:
            _IMPORTS.pop(path, None)


def _import(name: str, path: Path, settings: TransformSettings) -> tuple[object, bytes]:
    return _of_file(name, path) if path.is_file() else _of_entry_point(name, settings)


def _of_file(name: str, path: Path) -> tuple[object, bytes]:
    """Execute a file as a new module; return it with its source.

    The bytes that are executed are those that are hashed: no compiled file is read or written.
    """
    source = path.read_bytes()
    module = ModuleType(f"lightship_transform_{name}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickle look their module up
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - the deployment's own code
    return module, source


def _of_entry_point(name: str, settings: TransformSettings) -> tuple[object, bytes]:
    """Load the entry point of an installed package; return its object and source."""
    from importlib import metadata  # a file needs none of it

    for entry_point in metadata.entry_points(group=GROUP, name=name):
        loaded = entry_point.load()
        module = sys.modules.get(getattr(loaded, "__module__", "") or getattr(loaded, "__name__", ""))
        file = Path(getattr(module, "__file__", None) or "")
        return loaded, file.read_bytes() if file.suffix == ".py" and file.is_file() else b""
    raise MissingTransform(
        f"there is no transform '{name}' here: neither a file {settings.folder.name}/{name}.py nor an entry point "
        f"'{name}' of the group {GROUP}"
    )


def _takes_two(function: Callable[..., Any] | None) -> bool:
    """Return whether a function requires two arguments; False where that is unknown."""
    try:
        parameters = inspect.signature(function).parameters.values() if function else ()
    except (TypeError, ValueError):  # some functions of extension modules
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.kind in positional and each.default is each.empty for each in parameters) == 2


def _function(module: object, part: str, name: str) -> Callable[..., Any] | None:
    function: Callable[..., Any] | None = getattr(module, part, None)
    if function is not None and not callable(function):
        raise MissingTransform(f"'{part}' of the transform '{name}' is not a function")
    return function
