"""A registry with many copies of a model.

``python -m benchmarks.registry_filling`` reads parameters from standard input: ``source``, the folder of a model;
``location``; the number of ``models``; and whether the registry has an ``index``.
"""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.stores.s3 import S3Store


def main() -> None:
    """Fill a registry with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    source, location, models = Path(parameters["source"]), parameters["location"], parameters["models"]
    newest = max(source.glob("[1-9]*"), key=lambda folder: int(folder.name))
    state = State(versions=(1,)).to_bytes()
    registry = Registry(location)
    if not registry.names():
        names = [f"model{number}" for number in range(models)]
        if location.startswith("s3://"):
            store = S3Store(location.removeprefix("s3://"))
            files = {f"1/{file.relative_to(newest).as_posix()}": file.read_bytes() for file in _files(newest)}
            files |= {"state.json": state}
            with ThreadPoolExecutor(4) as pool:
                keys = [(f"{name}/{key}", content) for name in names for key, content in files.items()]
                assert all(pool.map(lambda each: store.write(*each, if_match=None), keys))
        else:
            for name in names:
                shutil.copytree(newest, Path(location) / name / "1")
                (Path(location) / name / "state.json").write_bytes(state)
    if parameters["index"]:
        assert registry.index.rebuild(registry.names) == models
    json.dump(models, sys.stdout)


def _files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.is_file()]


if __name__ == "__main__":
    main()
