"""Files of a version that no prediction needs, each verified at its first use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

# Returns the local path of the file with a name and a digest, verified.
Fetch = Callable[[str, str], Path]


class Extras:
    """Files of one version, each fetched once. Thread-safe."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._paths: dict[str, Path] = {}
        self._lock = threading.Lock()

    def path(self, name: str, digest: str) -> Path:
        """Return the path of a file; it is fetched again where it was removed.

        Raises BundleError or RegistryError.
        """
        with self._lock:
            path = self._paths.get(name)
            if path is None or not path.is_file():
                path = self._paths[name] = self._fetch(name, digest)
            return path
