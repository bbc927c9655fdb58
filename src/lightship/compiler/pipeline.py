"""One compile: sandboxed build, verification, trial and report.

The command line and the compile function share it. Everything that opens the model file happens in child processes
(:mod:`lightship.compiler.sandbox`); this process never imports TensorFlow, Keras or h5py.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lightship.bundle import Bundle
from lightship.compiler import sources, untrusted_report
from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.steps import Compressing
from lightship.compiler.compression.table import Compression
from lightship.compiler.declarations import named_files
from lightship.compiler.declarations.config import Config, read_config
from lightship.compiler.job import BuildJob
from lightship.compiler.report import Report
from lightship.compiler.sandbox import CONFINED, Confinement, Outcome, Progress, Task, ignore_progress, run
from lightship.compiler.verification import child_output, datafiles, report_file
from lightship.compiler.verification.parity import Agreement
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
        data, target, skip_bad, engine, trust, slow, budget: see :class:`lightship.compiler.job.BuildJob`.
        sandbox: False opens the file even where this machine has no sandbox; recorded in the manifest.
        transforms: folder and time limit of the user's transforms. The one that model.yaml names is allowed, because
            the same user wrote both.
    """

    name: str | None = None
    config: Path | None = None
    data: Path | None = None
    target: str | None = None
    skip_bad: bool = False
    engine: str | None = None
    trust: bool = False
    slow: bool = False
    sandbox: bool = True
    budget: Budget | None = None
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
    _check_target(options)
    _check_skipping(options)
    config = read_config(options.config) if options.config else {}
    names = (options.name, config.get("name"), name_from(source))
    name = check_name(next(given for given in names if given is not None))
    with registry.staging() as folder:
        job = _job(source, folder, options, config)
        compiled = compile_bundle(job, Confinement.for_user(sandbox=options.sandbox), progress=progress)
        progress("publish", 1.0)
        version = registry.publish(name, compiled.bundle)
        registry.write_measurements(name, version, _measurements(compiled.report))
        return replace(compiled.report, name=name, version=version)


def _measurements(report: Report) -> dict[str, Any]:
    """Return what differs from run to run; it is stored beside the bundle."""
    measured = {"candidates": report.compression.measurements()} if report.compression else {}
    return {"compiled": datetime.now(UTC).isoformat(timespec="seconds"), **measured}


def _check_target(options: CompileOptions) -> None:
    """Raise CompileError where a target has no data or a budget cannot be kept."""
    if options.target is not None and options.data is None:
        raise CompileError(f"the target '{options.target}' needs the file that has it: give --data")
    if options.target is not None and options.data is not None and options.data.suffix == ".npy":
        raise CompileError(
            f"{options.data.name} has no targets: give an .npz file with an array '{options.target[:80]}'"
        )
    if options.budget is None:
        return
    if options.engine == "tensorflow":
        raise CompileError("a budget needs the engine litert: the engine tensorflow runs only the exact model")
    if options.budget.metric and (options.data is None or options.data.suffix == ".npy"):
        raise CompileError(
            f"a budget for {options.budget.metric} needs rows with targets: give --data FILE and --target COLUMN"
        )


def _check_skipping(options: CompileOptions) -> None:
    """Raise CompileError where there are no rows that can be skipped."""
    if options.skip_bad and options.data is None:
        raise CompileError("--skip-bad leaves out rows of a data file: give --data")
    if options.skip_bad and options.data is not None and options.data.suffix == ".npy":
        raise CompileError(f"--skip-bad does not read {options.data.name}: give an .npz file")


def _job(source: Path, folder: Path, options: CompileOptions, config: Mapping[str, Any]) -> BuildJob:
    """Return the job, with the files and the transform that model.yaml names."""
    declared = Config.parse(config).transform
    return BuildJob(
        source,
        folder,
        config=config,
        data=options.data,
        target=options.target,
        skip_bad=options.skip_bad,
        engine=options.engine,
        trust=options.trust,
        slow=options.slow,
        files=named_files.find(options.config, config) if options.config else {},
        transforms=options.transforms._replace(names=(declared.name,) if declared else ()),
        budget=options.budget,
    )


def compile_bundle(
    job: BuildJob, confinement: Confinement = CONFINED, *, progress: Progress = ignore_progress
) -> Compiled:
    """Compile into the job's folder, verify the bundle, and try it.

    The trial runs in a fresh process. Raises SandboxUnavailable, SourceRefused, ParityError or CompileError.
    """
    limits = confinement.limits
    end = time.monotonic() + limits.wall_seconds

    def child(task: Task) -> Outcome:
        left = replace(limits, wall_seconds=max(1.0, end - time.monotonic()))
        return run(task, replace(confinement, limits=left), progress=progress)

    with _scratch(job, confinement) as scratch:
        job = replace(job, scratch=scratch)
        built = child(_build(job))
        bundle = _verified(job, built, largest=limits.file_bytes)
        compression, skipped = None, untrusted_report.Skipped()
        if job.budget and scratch:
            compression = _compress(job, job.budget, scratch, bundle, child)
        if job.data or compression or Config.parse(job.config).card:
            reported = child(_reporting(job, compression, built.result.get("compiled_metrics", {})))
            skipped = untrusted_report.skipped(reported.result)
        with suppress(CompileError):  # the manifest has the reason
            child(_device(job))
        bundle = _verified(job, built, largest=limits.file_bytes)
    tried = child(_trial(job))
    report = replace(_report(built, tried.result, bundle), skipped=skipped.rows, skips=skipped.listed)
    return Compiled(bundle, _compressed(report, compression, bundle) if compression else report)


def _scratch(job: BuildJob, confinement: Confinement) -> AbstractContextManager[Path | None]:
    """Return a folder for the compression; None without a budget."""
    if job.budget is None:
        return nullcontext()
    return _folder(confinement.scratch)


@contextmanager
def _folder(parent: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lightship-", dir=parent) as folder:
        yield Path(folder)


def _verified(job: BuildJob, built: Outcome, *, largest: int) -> Bundle:
    declared = Config.parse(job.config).transform
    transform = declared.name if declared else None
    return child_output.verify(job.folder, sandbox=built.proof, largest=largest, transform=transform)


def _compress(
    job: BuildJob, budget: Budget, scratch: Path, bundle: Bundle, child: Callable[[Task], Outcome]
) -> Compression:
    """Write the best variant within the budget to the bundle and return all figures.

    Raises CompileError for the TensorFlow engine, and SourceRefused where a child process sends an invalid table.
    """
    if bundle.manifest.engine != "litert":
        raise CompileError(
            "a budget needs a model that LiteRT runs, and this one needs TensorFlow: compile it without a budget"
        )
    try:
        sent = Compressing(job, budget, scratch, child, reads=_transform_files(job)).result()
        return untrusted_report.compression(sent)
    except (KeyError, TypeError, AttributeError, untrusted_report.InvalidReport) as error:
        message = "a process that measured a variant of this model sent invalid figures"
        raise SourceRefused(message, detail=str(error)) from None


def _compressed(report: Report, compression: Compression, bundle: Bundle) -> Report:
    """Return the report of the chosen variant: its size, latency and parity."""
    seconds = compression.candidate(compression.chosen).p50_1
    parity = tuple(
        Agreement(signature.name, output, **figures)
        for signature in bundle.manifest.signatures
        for output, figures in bundle.manifest.parity[signature.name].items()
    )
    return replace(
        report,
        sizes=replace(report.sizes, after=bundle.size),
        latency=replace(report.latency, after=seconds or report.latency.after),
        parity=parity,
        compression=compression,
    )


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
    return Task(
        "lightship.compiler.build",
        job.to_json(),
        reads=reads,
        writes=[job.folder, *([job.scratch] if job.scratch else [])],
    )


def _reporting(job: BuildJob, compression: Compression | None, compiled_metrics: Any) -> Task:
    return Task(
        "lightship.compiler.reporting",
        {
            "job": job.to_json(),
            "compression": compression.to_json() if compression else None,
            "compiled_metrics": compiled_metrics,
        },
        reads=[*([job.data] if job.data else []), *_transform_files(job)],
        writes=[job.folder],
        subject="the process that evaluated the compiled model",
    )


def _device(job: BuildJob) -> Task:
    return Task(
        "lightship.compiler.device.child",
        {"folder": str(job.folder.resolve()), "slow": job.slow},
        reads=[],
        writes=[job.folder],
        subject="the process that made the file for devices",
    )


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
