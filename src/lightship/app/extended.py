"""A user's own application, which extends ``create_app``, on the core of a server."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lightship.app.core import CORE, Core
from lightship.errors import SettingError

if TYPE_CHECKING:
    from lightship.app.application import Application


class Factory(NamedTuple):
    """A user's function ``MODULE:FUNCTION``, which another process can find too."""

    name: str

    def find(self) -> Callable[[], Any]:
        """Import the function, with modules of the current folder.

        Raises SettingError where there is none.
        """
        module, separator, function = self.name.partition(":")
        if not (module and separator and function):
            raise SettingError(
                f"--app is {self.name[:200]!r}: write MODULE:FUNCTION, such as extended:create_extended_app"
            )
        if (folder := str(Path.cwd())) not in sys.path:
            sys.path.insert(0, folder)
        try:
            found = getattr(importlib.import_module(module), function, None)
        except Exception as error:
            raise SettingError(f"--app: {module} cannot be imported: {type(error).__name__}: {error}") from error
        if not callable(found):
            raise SettingError(f"--app: {module} has no function {function[:100]!r}")
        made: Callable[[], Any] = found
        return made


def extended(factory: Factory, core: Core) -> Application:
    """Return the application of a factory, in which ``create_app()`` uses this core.

    Raises SettingError where there is no factory, it fails, or it returns another application.
    """
    from lightship.app.application import Application  # FastAPI is imported for an application only

    create = factory.find()
    before = CORE.set(core)
    try:
        made = create()
    except Exception as error:
        raise SettingError(f"--app: the function failed: {type(error).__name__}: {error}") from error
    finally:
        CORE.reset(before)
    if not isinstance(made, Application) or made.core is not core:
        raise SettingError("--app: the function must return what create_app() returned, called without settings")
    return made
