"""Loading a transform: a file of the transforms' folder, or an entry point."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from lightship.errors import Unavailable
from lightship.settings import TransformSettings
from lightship.tensors import Array
from lightship.transforms.failures import summary

Function = Callable[[Mapping[str, Array]], Any]

# The group of entry points with which an installed package offers transforms.
GROUP = "lightship.transforms"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Transform:
    """A transform's functions.

    Attributes:
        name: the name in model.yaml and manifests.
        sha256: digest of its source in hexadecimal; empty where an installed package has no source file.
        preprocess, postprocess: the module's functions; None where it has none.
    """

    name: str
    sha256: str
    preprocess: Function | None = None
    postprocess: Function | None = None


def load(name: str, settings: TransformSettings) -> Transform:
    """Load an allowed transform; raises Unavailable.

    ``name`` is one that a manifest or model.yaml accepts. The file ``NAME.py`` of the folder precedes an entry point.
    """
    if name not in settings.names:
        raise Unavailable(
            f"the model uses the transform '{name}', which is not allowed here: if you trust "
            f"{settings.folder.name}/{name}.py, set LIGHTSHIP_TRANSFORMS={name} (on AWS, the parameter Transforms)"
        )
    path = settings.folder / f"{name}.py"
    try:
        module, source = _of_file(name, path) if path.is_file() else _of_entry_point(name, settings)
    except Unavailable:
        raise
    except BaseException as error:  # the import of a user's code may also call sys.exit
        if isinstance(error, KeyboardInterrupt):
            raise
        _LOG.error("the transform '%s' cannot be imported", name, exc_info=error)
        message = f"the transform '{name}' raised {type(error).__name__} when it was imported"
        raise Unavailable(message, detail=summary(error)) from error
    functions = {part: _function(module, part, name) for part in ("preprocess", "postprocess")}
    if not any(functions.values()):
        raise Unavailable(f"the transform '{name}' has neither a function preprocess nor a function postprocess")
    return Transform(name, hashlib.sha256(source).hexdigest() if source else "", **functions)


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
    raise Unavailable(
        f"there is no transform '{name}' here: neither a file {settings.folder.name}/{name}.py nor an entry point "
        f"'{name}' of the group {GROUP}"
    )


def _function(module: object, part: str, name: str) -> Function | None:
    function: Function | None = getattr(module, part, None)
    if function is not None and not callable(function):
        raise Unavailable(f"'{part}' of the transform '{name}' is not a function")
    return function
