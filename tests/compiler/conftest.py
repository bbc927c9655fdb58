"""Fixtures: model files, made once per session, and compiled bundles."""

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
EXECUTED = "executed"  # the file that code in a model would write next to it if it ran

Compile = Callable[..., tuple[Report, Model]]
Outcomes = dict[str, dict[str, Any]]  # of models that were compiled in another process, by case


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the files of :mod:`tests.compiler.sources`."""
    return written_once("tests.compiler.sources", "sources", tmp_path_factory)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return a registry shared by all tests that do not check the registry itself."""
    return Registry(str(tmp_path_factory.mktemp("registry")))


@pytest.fixture(scope="module")
def compiled(request: pytest.FixtureRequest, sources: Path, registry: Registry) -> Iterator[Compile]:
    """Return a function that compiles a source once per set of options.

    It returns the report and the bundle's model. A compile mostly uses one core, so two run at a time; the values of
    the parameter ``source`` of the file's selected tests are submitted at the start.
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
            used = "compiled" in getattr(item, "fixturenames", ())
            if item.path == request.path and used and callspec and "source" in callspec.params:
                begin(str(callspec.params["source"]))
        yield finish
