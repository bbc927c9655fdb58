"""Steps of a compression, from the parent's side.

Each runs in a sandboxed child process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.quantizing.recipes import FP32, MIXED, RECIPES
from lightship.compiler.job import BuildJob
from lightship.compiler.sandbox import Outcome, Task
from lightship.errors import LightshipError

Record = dict[str, Any]
Run = Callable[[Task], Outcome]

# What only the following steps need of a candidate's figures.
_INTERNAL = ("agreements", "values", "excluded")


@dataclass(frozen=True)
class Compressing:
    """One compression of the bundle in the job's folder.

    Attributes:
        run: function that runs a task in a confined child process.
        reads: files besides bundle and data that a child needs, such as a transform.
        scratch: folder of the recordings that the build wrote; candidates are written there.
    """

    job: BuildJob
    budget: Budget
    scratch: Path
    run: Run
    reads: Sequence[Path] = ()

    def result(self) -> Record:
        """Write the chosen variant to the bundle and return the table as a dictionary.

        A candidate that cannot be made, or whose process ends, is listed with its error. Raises LightshipError where
        fp32 cannot be measured.
        """
        exact = self._child("figures", variant=self.job.folder, reference=[], excluded=None).result
        figures: dict[str, Record] = {FP32: exact}
        errors = self._child("candidates").result
        for name in RECIPES:
            figures[name] = {"error": str(errors[name])} if name in errors else self._measured(name, figures)
        for name, recipe in MIXED.items():
            if not figures[recipe].get("error") and not figures[recipe]["within"]:
                figures[name] = self._mixed(name, recipe, figures)
        candidates = [{"name": name} | _public(record) for name, record in figures.items()]
        agreements = {name: record.get("agreements", []) for name, record in figures.items()}
        return self._child("selection", candidates=candidates, agreements=agreements).result

    def _measured(self, name: str, figures: Mapping[str, Record]) -> Record:
        """Return the figures of a candidate, or its error."""
        try:
            variant = self.scratch / name
            return self._child("figures", variant=variant, **_reference(figures)).result
        except LightshipError as error:
            return {"error": error.message}

    def _mixed(self, name: str, recipe: str, figures: Mapping[str, Record]) -> Record:
        """Return the figures of a candidate with layers in float32, or its error."""
        try:
            layers = self._child("mixed", recipe=recipe, variant=self.scratch / name, **_reference(figures)).result
        except LightshipError as error:
            return {"error": error.message}
        return self._measured(name, figures) | layers

    def _child(self, module: str, **arguments: Any) -> Outcome:
        job = self.job
        record = {
            "folder": str(job.folder.resolve()),
            "scratch": str(self.scratch.resolve()),
            "budget": self.budget.to_json(),
            "data": str(job.data.resolve()) if job.data else None,
            "target": job.target,
            "skip_bad": job.skip_bad,
            "representative": job.data is not None,
            "slow": job.slow,
            "transforms": job.transforms.to_json(),
        }
        paths = {name: str(value.resolve()) for name, value in arguments.items() if isinstance(value, Path)}
        return self.run(
            Task(
                f"lightship.compiler.compression.{module}",
                record | arguments | paths,
                reads=[*([job.data] if job.data else []), *self.reads],
                writes=[job.folder, self.scratch],
                subject="the process that measured a variant of this model",
            )
        )


def _reference(figures: Mapping[str, Record]) -> Record:
    """Return what a candidate is compared with: fp32's values and excluded rows."""
    return {"reference": figures[FP32]["values"], "excluded": figures[FP32]["excluded"]}


def _public(record: Mapping[str, Any]) -> Record:
    return {key: value for key, value in record.items() if key not in _INTERNAL}
