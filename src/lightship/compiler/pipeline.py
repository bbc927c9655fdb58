"""One compile: sandboxed build, verification, trial and report.

The command line and the compile function share it. Everything that opens the model file happens in child processes
(:mod:`lightship.compiler.sandbox`); this process never imports TensorFlow, Keras or h5py.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lightship.bundle import Bundle
from lightship.compiler import sources, untrusted_report
from lightship.compiler.declarations import named_files
from lightship.compiler.declarations.config import Config, read_config
from lightship.compiler.job import BuildJob
from lightship.compiler.report import Report
from lightship.compiler.sandbox import CONFINED, Confinement, Outcome, Progress, Task, ignore_progress, run
from lightship.compiler.verification import child_output, datafiles, report_file
from lightship.errors import CompileError, SourceRefused
from lightship.registry.registry import Registry, check_name
from lightship.settings import NO_TRANSFORMS, TransformSettings

_ENDINGS = (".tar.gz", ".tgz")


@dataclass(frozen=True)
class CompileOptions:
    """Options of a compile.

    Attributes:
        name: the model's name; default: the name in model.yaml, else derived from the file name.
        config: a model.yaml, see :mod:`lightship.compiler.declarations.config`.
        data, target, engine, trust, slow: see :class:`lightship.compiler.job.BuildJob`.
        sandbox: False opens the file even where this machine has no sandbox; recorded in the manifest.
        transforms: folder and time limit of the user's transforms. The one that model.yaml names is allowed, because
            the same user wrote both.
    """

    name: str | None = None
    config: Path | None = None
    data: Path | None = None
    target: str | None = None
    engine: str | None = None
    trust: bool = False
    slow: bool = False
    sandbox: bool = True
    transforms: TransformSettings = NO_TRANSFORMS


DEFAULT = CompileOptions()


@dataclass(frozen=True)
class Compiled:
    """Verified bundle, not yet published, and a report without name and version."""

    bundle: Bundle
    report: Report


def compile_model(
    source: Path, *, registry: Registry, options: CompileOptions = DEFAULT, progress: Progress = ignore_progress
) -> Report:
    """Compile a model file or folder and publish it.

    ``progress`` is called with a stage's name and the completed share of the work, 0 to 1.

    Raises SourceRefused, ParityError, CompileError or RegistryError; then nothing was published.
    """
    sources.candidates(source)
    if options.data is not None:
        datafiles.check_file(options.data)
    elif options.target is not None:
        raise CompileError("--target names a column of the data: give the data with --data")
    config = read_config(options.config) if options.config else {}
    names = (options.name, config.get("name"), name_from(source))
    name = check_name(next(given for given in names if given is not None))
    with registry.staging() as folder:
        job = _job(source, folder, options, config)
        compiled = compile_bundle(job, Confinement.for_user(sandbox=options.sandbox), progress=progress)
        progress("publish", 1.0)
        version = registry.publish(name, compiled.bundle)
        registry.write_measurements(name, version, {"compiled": datetime.now(UTC).isoformat(timespec="seconds")})
        return replace(compiled.report, name=name, version=version)


def _job(source: Path, folder: Path, options: CompileOptions, config: Mapping[str, Any]) -> BuildJob:
    """Return the job, with the files and the transform that model.yaml names."""
    declared = Config.parse(config).transform
    return BuildJob(
        source,
        folder,
        config=config,
        data=options.data,
        target=options.target,
        engine=options.engine,
        trust=options.trust,
        slow=options.slow,
        files=named_files.find(options.config, config) if options.config else {},
        transforms=options.transforms._replace(names=(declared.name,) if declared else ()),
    )


def compile_bundle(
    job: BuildJob, confinement: Confinement = CONFINED, *, progress: Progress = ignore_progress
) -> Compiled:
    """Compile into the job's folder, verify the bundle, and try it.

    The trial runs in a fresh process. Raises SandboxUnavailable, SourceRefused, ParityError or CompileError.
    """
    limits = confinement.limits
    end = time.monotonic() + limits.wall_seconds
    built = run(_build(job), confinement, progress=progress)
    declared = Config.parse(job.config).transform
    bundle = child_output.verify(
        job.folder, sandbox=built.proof, largest=limits.file_bytes, transform=declared.name if declared else None
    )
    left = replace(limits, wall_seconds=max(1.0, end - time.monotonic()))
    tried = run(_trial(job), replace(confinement, limits=left), progress=progress)
    return Compiled(bundle, _report(built, tried.result, bundle))


def name_from(source: Path) -> str:
    """Return a model name derived from a file name.

    ``My model.v2.keras`` gives ``My-model.v2``; a name without usable characters gives ``model``.
    """
    name = source.resolve().name
    ending = next((end for end in _ENDINGS if name.endswith(end)), "" if source.is_dir() else source.suffix)
    text = re.sub(r"[^A-Za-z0-9_.-]+", "-", name.removesuffix(ending))
    return text.lstrip("_.-")[:64].rstrip("-") or "model"


def _transform_files(job: BuildJob) -> list[Path]:
    """Return the files of the allowed transforms.

    Those of installed packages can be read anyway.
    """
    return [path for name in job.transforms.names if (path := job.transforms.folder / f"{name}.py").is_file()]


def _build(job: BuildJob) -> Task:
    reads = [job.source, *job.files.values(), *([job.data] if job.data else []), *_transform_files(job)]
    return Task("lightship.compiler.build", job.to_json(), reads=reads, writes=[job.folder])


def _trial(job: BuildJob) -> Task:
    return Task(
        "lightship.compiler.verification.trial",
        {"folder": str(job.folder.resolve()), "slow": job.slow, "transforms": job.transforms.to_json()},
        reads=[job.folder, *_transform_files(job)],
        subject="the trial process of the compiled model",
    )


def _report(built: Outcome, cost: Mapping[str, Any], bundle: Bundle) -> Report:
    """Return the report that the child processes sent.

    Raises SourceRefused where it is invalid: a model's code may have forged it.
    """
    try:
        report = untrusted_report.report({**built.result, "cost": cost})
    except untrusted_report.InvalidReport as error:
        message = "the process that compiled this model sent an invalid report"
        raise SourceRefused(message, detail=str(error)) from None
    used = bundle.manifest.transform
    return replace(
        report,
        digest=bundle.digest,
        sandbox=str(built),
        transform=used.name if used else "",
        metrics=report_file.metrics(bundle),
    )
