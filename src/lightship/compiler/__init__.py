"""The compiler: a model file becomes the next version of a model in a registry.

Everything that opens the file happens in a child process (:mod:`lightship.compiler.sandbox`); this process never
imports TensorFlow, Keras or h5py.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightship.compiler.sandbox import Limits, run

# The sandboxed child imports this package before it is confined. What follows loads numpy, which starts threads, and
# threads are confined one by one: so the functions import what they need.
if TYPE_CHECKING:
    from lightship.compiler.limits import Cost
    from lightship.compiler.report import Latency, Report, Sizes
    from lightship.registry.registry import Registry

__all__ = ["Cost", "Latency", "Report", "Sizes", "compile_into", "compile_model"]

_ENDINGS = (".tar.gz", ".tgz")


def __getattr__(name: str) -> Any:
    if name in {"Cost", "Latency", "Report", "Sizes"}:
        return getattr(import_module("lightship.compiler.report"), name)
    raise AttributeError(f"module 'lightship.compiler' has no attribute '{name}'")


def compile_model(
    source: Path,
    *,
    registry: Registry,
    name: str | None = None,
    config: Path | None = None,
    data: Path | None = None,
    engine: str | None = None,
    trust: bool = False,
    slow: bool = False,
    sandbox: bool = True,
    progress: Callable[[str, float], None] = lambda stage, done: None,
) -> Report:
    """Compile a model file or folder and publish it.

    Args:
        source: a .keras, .h5, .hdf5 or .tflite file, or a SavedModel as a folder, .zip or .tar.gz.
        name: the model's name; otherwise model.yaml's, otherwise made from the file's.
        config: a model.yaml, see :mod:`lightship.compiler.config`.
        data: real inputs to compare on, see :mod:`lightship.compiler.verification.datafiles`.
        engine: ``litert`` or ``tensorflow`` to insist on one.
        trust: open a file although it holds code; recorded in the manifest.
        slow: accept a model that exceeds :mod:`lightship.compiler.limits`; recorded in the manifest.
        sandbox: False opens the file, too, where this machine has no sandbox; recorded in the manifest.
        progress: called with a stage's name and the share of the work that is done, 0 to 1.

    Raises SourceRefused, ParityError, CompileError or RegistryError; then nothing was published.
    """
    from lightship.compiler import sources
    from lightship.compiler.config import read_config
    from lightship.compiler.report import Report
    from lightship.compiler.verification import datafiles
    from lightship.registry.registry import check_name

    sources.candidates(source)
    if data is not None:
        datafiles.check_file(data)
    record = read_config(config) if config else {}
    names = (name, record.get("name"), name_from(source))
    model = check_name(next(given for given in names if given is not None))
    accept = ("kernel",) if sandbox else ("kernel", "none")
    with registry.staging() as folder:
        built = compile_into(
            folder,
            source,
            config=record,
            data=data,
            engine=engine,
            trust=trust,
            slow=slow,
            accept=accept,
            progress=progress,
        )
        report = Report.from_build(model, 0, built["digest"], built)
        progress("publish", 1.0)
        return replace(report, version=registry.publish(model, folder))


def compile_into(
    folder: Path,
    source: Path,
    *,
    config: Mapping[str, Any],
    data: Path | None = None,
    engine: str | None = None,
    trust: bool = False,
    slow: bool = False,
    limits: Limits | None = None,
    scratch: Path | None = None,
    accept: Sequence[str] = ("kernel",),
    powerless: Mapping[str, Any] | None = None,
    progress: Callable[[str, float], None] = lambda stage, done: None,
) -> dict[str, Any]:
    """Compile a model file into an empty folder, for callers that publish it themselves.

    Args:
        config: what :func:`lightship.compiler.config.read_config` returns.
        limits: what the child process may use.
        scratch: where it unpacks.
        accept: the proofs of a sandbox that will do, see :mod:`lightship.compiler.sandbox`.
        powerless: what ``powerless.prove`` is given, where that proof is accepted.

    The rest is as for :func:`compile_model`. Returns what :meth:`Report.from_build` takes; the bundle was verified, and
    ``digest`` is its digest. Raises SandboxUnavailable, SourceRefused, ParityError or CompileError.
    """
    from lightship.compiler.verification import leftovers

    job = {
        "source": str(source.resolve()),
        "folder": str(folder.resolve()),
        "config": dict(config),
        "data": str(data.resolve()) if data else None,
        "engine": engine,
        "trust": trust,
        "slow": slow,
    }
    bounds = limits or Limits()
    end = time.monotonic() + bounds.wall_seconds
    confine = partial(run, scratch=scratch, progress=progress, accept=accept, powerless=powerless)
    reads = [source, data] if data else [source]
    outcome = confine("lightship.compiler.build", job, reads=reads, writes=[folder], limits=bounds)
    bundle = leftovers.verified(folder, sandbox=outcome.proof, largest=bounds.file_bytes)
    trial = confine(
        "lightship.compiler.verification.trial",
        {"folder": job["folder"], "slow": slow},
        reads=[folder],
        limits=replace(bounds, wall_seconds=max(1.0, end - time.monotonic())),
        subject="a process that served the compiled model",
    )
    return {**outcome.result, "cost": trial.result, "digest": bundle.digest, "sandbox": str(outcome)}


def name_from(source: Path) -> str:
    """A model's name from a file's: ``My model.v2.keras`` gives ``My-model.v2``; ``model`` where nothing is left."""
    name = source.resolve().name
    ending = next((end for end in _ENDINGS if name.endswith(end)), "" if source.is_dir() else source.suffix)
    text = re.sub(r"[^A-Za-z0-9_.-]+", "-", name.removesuffix(ending))
    return text.lstrip("_.-")[:64].rstrip("-") or "model"
