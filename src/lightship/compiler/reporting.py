"""Report step, run in a child process: report.json of a finished bundle.

It is what is known of the model beside its tensors, and holds only what is equal for two equal compiles. The loss and
metrics of the original's own framework are computed by the build step, which has the original in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from lightship.bundle import REPORT, Bundle, digests, write_manifest
from lightship.compiler.declarations.config import Config
from lightship.compiler.job import BuildJob
from lightship.compiler.sandbox import Progress
from lightship.compiler.sources.base import Compiled
from lightship.compiler.verification.datafiles import of_data
from lightship.evaluation.data import open_data
from lightship.evaluation.evaluate import Options, evaluate, has_targets, report_parts, sample
from lightship.evaluation.evaluation import SCHEMA
from lightship.evaluation.scoring import Skips
from lightship.model import Model


def build(record: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write the report of the bundle in a job's folder.

    ``record`` has the JSON of the job, the table of its compression, None without a budget, and the results of
    :func:`compiled_metrics`. Nothing is written where there is nothing to report. Raises CompileError for data that
    does not fit. Returns the number of skipped rows, and the first of them.
    """
    progress("evaluate", 0.87)
    job, bundle = BuildJob.from_json(record["job"]), Bundle.reopen(Path(record["job"]["folder"]))
    options = _options(bundle, job)
    evaluated = {} if options is None else _evaluated(bundle, job, options, record["compiled_metrics"])
    parts = {"card": dict(Config.parse(job.config).card), "compression": record["compression"], **evaluated}
    if found := {name: part for name, part in parts.items() if part}:
        (bundle.path / REPORT).write_bytes(orjson.dumps({"schema": SCHEMA} | found))
        write_manifest(bundle.path, bundle.manifest._replace(files=digests(bundle.path)))
    data = evaluated["evaluation"]["data"] if evaluated else _left_out(bundle, job)
    return {"skipped": data["skipped"], "skips": data["skips"]}


def compiled_metrics(bundle: Bundle, job: BuildJob, original: Compiled | None) -> Mapping[str, float]:
    """Return the results of the original's own loss and metrics on the data.

    ``original`` is None where its framework has none. Raises CompileError for data that does not fit.
    """
    options = _options(bundle, job) if original else None
    if original is None or options is None or job.data is None:
        return {}
    with of_data(job.data):
        inputs, targets = sample(Model.load(bundle, transforms=job.transforms), job.data, options)
    return original.compiled_metrics(inputs, targets)


def _left_out(bundle: Bundle, job: BuildJob) -> dict[str, Any]:
    """Return the rows of data without targets that do not fit the model."""
    skips = Skips()
    if job.data is not None and job.skip_bad:
        with of_data(job.data):
            for block in open_data(job.data, bundle.manifest.signature()).blocks():
                skips.add(block, block.prepare().rejects)
    return {"skipped": skips.rows, "skips": list(skips.to_json())}


def _options(bundle: Bundle, job: BuildJob) -> Options | None:
    """Return how the bundle is evaluated; None without data that has targets."""
    if job.data is None:
        return None
    with of_data(job.data):
        if job.data.suffix == ".npy":
            return None
        if job.target is None:
            model = Model.load(bundle, transforms=job.transforms)
            if not has_targets(model, open_data(job.data, model.manifest.signature())):
                return None
    return Options(target=job.target, skip_bad=job.skip_bad, baseline=True)


def _evaluated(bundle: Bundle, job: BuildJob, options: Options, compiled: Mapping[str, float]) -> dict[str, Any]:
    """Return the parts that need data with targets."""
    assert job.data is not None  # noqa: S101 - there are options for it
    with of_data(job.data):
        model = Model.load(bundle, transforms=job.transforms)
        found = evaluate(model, job.data, options)
        first, *others = found.outputs
        return report_parts(
            model, job.data, replace(found, outputs=(replace(first, compiled_metrics=compiled), *others)), options
        )
