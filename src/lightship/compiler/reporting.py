"""report.json of a bundle: what is known of the model beside its tensors.

It holds only what is equal for two equal compiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from lightship.bundle import REPORT, Bundle, digests, write_manifest
from lightship.compiler.declarations.config import Config
from lightship.compiler.job import BuildJob
from lightship.errors import CompileError, InvalidInput, UnsupportedMedia
from lightship.evaluation.data import open_data
from lightship.evaluation.evaluate import Options, evaluate, has_targets, report_parts
from lightship.evaluation.evaluation import SCHEMA
from lightship.model import Model


def with_report(bundle: Bundle, job: BuildJob, config: Config) -> Bundle:
    """Return the bundle with a report, if there is something to report.

    Raises CompileError for data that does not fit.
    """
    parts = {"card": dict(config.card), **_evaluated(bundle, job)}
    return write_parts(bundle, {name: part for name, part in parts.items() if part})


def write_parts(bundle: Bundle, parts: Mapping[str, Any]) -> Bundle:
    """Write parts of the report, beside those that it has; nothing without parts."""
    if not parts:
        return bundle
    path = bundle.path / REPORT
    before = orjson.loads(path.read_bytes()) if path.is_file() else {"schema": SCHEMA}
    path.write_bytes(orjson.dumps(before | dict(parts)))
    return write_manifest(bundle.path, bundle.manifest._replace(files=digests(bundle.path)))


def _evaluated(bundle: Bundle, job: BuildJob) -> dict[str, Any]:
    """Return the parts that need data with targets."""
    if job.data is None:
        return {}
    try:
        return _on_data(Model.load(bundle, transforms=job.transforms), job.data, job)
    except (InvalidInput, UnsupportedMedia) as error:
        raise CompileError(error.message) from None
    except OSError as error:
        raise CompileError(f"cannot read {job.data}: {error.strerror or error}") from None


def _on_data(model: Model, path: Path, job: BuildJob) -> dict[str, Any]:
    if path.suffix == ".npy":
        if job.target is not None:
            raise InvalidInput(f"{path.name} has no targets: give an .npz file with an array '{job.target[:80]}'")
        return {}
    options = Options(target=job.target, baseline=True)
    if job.target is None and not has_targets(model, open_data(path, model.manifest.signature())):
        return {}
    return report_parts(model, path, evaluate(model, path, options), options)
