"""Report of a compile, serialisable as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lightship.compiler.compression.table import Compression
from lightship.compiler.limits import Cost
from lightship.compiler.verification.parity import Agreement
from lightship.tensors import Signature


@dataclass(frozen=True)
class Sizes:
    """Bytes of the source's model files and of the bundle's."""

    before: int
    after: int


@dataclass(frozen=True)
class Latency:
    """Median seconds of one call with one row, in the build process.

    ``subject`` names what ``before`` timed: the fastest call that the source's framework has for a user. ``others``
    has the slower ones, which may include ``model.predict``.
    """

    subject: str
    before: float
    after: float
    others: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Result of one compile.

    Attributes:
        reasons: why LiteRT could not be used, operators or messages; empty with the engine ``litert``.
        parity: one entry for each output of each signature.
        cost: time and memory of one call of one row in the trial's fresh process.
        warnings: what may be wrong although the model compiled.
        rewrites: what was changed in the graph so that LiteRT can run it.
        trusted: code in the source that ``--trust`` allowed.
        transform: name of the user's transform that the model uses; empty without.
        compression: figures of all variants, and the choice; None without a budget.
        skipped: number of rows of the data that were left out.
        skips: the first of them: file, row, column, reason.
        metrics: figures of an evaluation on the data, by output and name: value, low, high.
        sandbox: the proof that the process was confined, and the measures in force (:mod:`lightship.compiler.sandbox`).
    """

    name: str
    version: int
    digest: str
    engine: str
    reasons: tuple[str, ...]
    signatures: tuple[Signature, ...]
    sizes: Sizes
    parity: tuple[Agreement, ...]
    latency: Latency
    cost: Cost
    warnings: tuple[str, ...]
    trusted: tuple[str, ...]
    sandbox: str = ""
    rewrites: tuple[str, ...] = ()
    transform: str = ""
    compression: Compression | None = None
    skipped: int = 0
    skips: tuple[Mapping[str, Any], ...] = ()
    metrics: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain dictionaries and lists."""
        return asdict(self) | {"signatures": [signature.to_json() for signature in self.signatures]}
