"""Model files and their compiled bundles, each made once for all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lightship.compiler import CompileOptions, Report, compile_model
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.model_files import written_once

ROOT = Path(__file__).parents[2]
EXECUTED = "executed"  # the file that code in a model would leave beside it

Compile = Callable[..., tuple[Report, Model]]


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of :mod:`tests.compiler.sources`."""
    return written_once("tests.compiler.sources", "sources", tmp_path_factory)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Where the bundles of all tests go that do not look at the registry itself."""
    return Registry(str(tmp_path_factory.mktemp("registry")))


@pytest.fixture(scope="session")
def compiled(request: pytest.FixtureRequest, sources: Path, registry: Registry) -> Iterator[Compile]:
    """Compile a source with options, once: its report, and the bundle's model.

    A compile is mostly one process on one core, so two run at a time; what the selected tests have as their ``source``
    is begun at once.
    """
    with ThreadPoolExecutor(2) as pool:
        begun: dict[Any, Future[Report]] = {}

        def begin(source: str, /, **options: Any) -> Future[Report]:
            key = (source, *sorted(options.items()))
            if key not in begun:
                begun[key] = pool.submit(
                    compile_model, sources / source, registry=registry, options=CompileOptions(**options)
                )
            return begun[key]

        def finish(source: str, /, **options: Any) -> tuple[Report, Model]:
            report = begin(source, **options).result()
            return report, Model.load(registry.open(report.name, report.version))

        for item in request.session.items:
            callspec = getattr(item, "callspec", None)
            if callspec and "source" in callspec.params and "compiled" in getattr(item, "fixturenames", ()):
                begin(str(callspec.params["source"]))
        yield finish
