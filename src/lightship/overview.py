"""Overview of a version: what catalogues show of it without its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from lightship.bundle import REPORT, Manifest
from lightship.errors import BundleError, LightshipError
from lightship.inputs import kind_of


class Overview(NamedTuple):
    """Overview of a version.

    Attributes:
        version: its number.
        digest: SHA-256 of its manifest, in hexadecimal.
        size: bytes of the files that predictions need.
        engine: name of the engine that runs it.
        inputs: name and type of each input of the default signature, as ``x: float32 [any, 2]``.
        outputs: those of each output.
        report: whether it has a report.
        purpose: from the model card; empty without.
        metrics: numbers by name, of the report and of the manifest.
        kinds: kind of each input for forms; None where it cannot be read.
    """

    version: int
    digest: str
    size: int
    engine: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    report: bool = False
    purpose: str = ""
    metrics: Mapping[str, float] = {}
    kinds: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls, version: int, manifest: Manifest, *, digest: str = "", size: int = 0, metrics: Mapping[str, float] = {}
    ) -> Overview:
        """Return the overview of a manifest; ``metrics`` are those of the report."""
        signature = manifest.signature()
        return cls(
            version=version,
            digest=digest,
            size=size,
            engine=manifest.engine,
            inputs=tuple(f"{spec.name}: {spec}" for spec in signature.inputs),
            outputs=tuple(f"{spec.name}: {spec}" for spec in signature.outputs),
            report=REPORT in manifest.files,
            purpose=manifest.card.get("purpose", ""),
            metrics={**metrics, **{name: value for name, value in manifest.metrics.items() if _is_finite(value)}},
            kinds=_kinds(manifest),
        )

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Overview:
        """Read what ``_asdict`` returned; raises BundleError on anything else."""
        try:
            kinds = record["kinds"]
            return cls(
                version=int(record["version"]),
                digest=str(record["digest"]),
                size=int(record["size"]),
                engine=str(record["engine"]),
                inputs=tuple(map(str, record["inputs"])),
                outputs=tuple(map(str, record["outputs"])),
                report=bool(record["report"]),
                purpose=str(record["purpose"]),
                metrics={str(name): value for name, value in record["metrics"].items() if _is_finite(value)},
                kinds=None if kinds is None else tuple(map(str, kinds)),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BundleError(f"not an overview of a version: {type(error).__name__} {error}") from None


def _kinds(manifest: Manifest) -> tuple[str, ...] | None:
    try:
        return tuple(kind_of(spec).field(spec).kind for spec in manifest.signature().inputs)
    except (KeyError, TypeError, ValueError, AttributeError, LightshipError):  # a kind that cannot be read
        return None


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
