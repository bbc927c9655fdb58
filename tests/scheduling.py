"""Distribution of tests to the workers of pytest-xdist, with `--dist loadgroup`.

A worker runs a file, or all files of a group, which share something that exists once. With pytest 9.2 pytest-xdist 3.8
does not see its own mark ``xdist_group``.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

# Commands of pages and of Docker use the repository's folder, fixed ports, and images by name.
GROUPS = {"repository": ("tests/docker/", "tests/test_docs.py", "tests/examples/test_readmes.py")}
# Groups and folders of files that take minutes start first, so that no worker waits long for the other at the end.
_FIRST = (*GROUPS, "tests/web/", "tests/zoo/", "tests/compiler/")


class FileGroups(LoadGroupScheduling):
    """Scheduler of files and groups of files, in the order of collection."""

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """Add the names of a worker's tests, with the names of their groups."""
        super().add_node_collection(node, [f"{name}@{group(name)}" for name in collection])


def group(name: str) -> str:
    """Return the group of a test by its name: that of its file, or its file."""
    found = [key for key, paths in GROUPS.items() if name.startswith(paths)]
    return found[0] if found else name.partition("::")[0]


def rank(name: str) -> int:
    """Return the position of a test's group or folder among those that start first."""
    return next((index for index, start in enumerate(_FIRST) if group(name).startswith(start)), len(_FIRST))
