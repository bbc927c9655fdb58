"""Calls to models, their results and the state of models, as plain values.

Protocols, models and jobs exchange these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from lightship.bundle import Manifest
from lightship.overview import Overview
from lightship.tensors import Array, Signature


class ModelSelector(NamedTuple):
    """The model and version that a request selects.

    Attributes:
        name: of the model; None for the default one.
        version: its number, if the request names one; ``label`` likewise.
    """

    name: str | None = None
    version: int | None = None
    label: str | None = None

    @property
    def explicit(self) -> bool:
        """Return whether the request selects a version, by number or label."""
        return self.version is not None or self.label is not None


@dataclass(slots=True)
class Call:
    """A call to a model: input tensors by name.

    ``signature`` defaults to the model's default signature, ``outputs`` to all of its outputs. ``rows`` is set when a
    request is decoded: the length of the first input that has a batch dimension, else 1.
    """

    inputs: Mapping[str, Array]
    signature: str | None = None
    outputs: tuple[str, ...] = ()
    id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 1


@dataclass(slots=True)
class Result:
    """The result of a call: output tensors by name, in the requested order."""

    call: Call
    signature: Signature
    outputs: Mapping[str, Array]


@dataclass(slots=True)
class Prediction:
    """A result with the name and version of the model that computed it."""

    model: str
    version: int
    result: Result


# A value for a column; for the patches of a grid; or for each word of a text, in order.
Attributed: TypeAlias = "float | Array | tuple[tuple[str, float], ...]"


class Explanation(NamedTuple):
    """How much each feature of one row contributed to one number of the output.

    Attributes:
        method: the name of the method.
        output: the name of the output.
        target: the class name, or the index of the explained number in a row of the output; None where the output is
            one number.
        prediction: the explained number of the row.
        base: the explained number at the baseline: a row of typical values, a blank image, an empty text.
        error: the method's estimate of its error (docs/explain.md, "Methods").
        evaluations: rows that the model computed.
        attributions: values by column, or by input that is not a table.
        scale: ``output``, or ``log_odds`` where the explained number becomes the output's by a sigmoid or softmax.
    """

    method: str
    output: str
    target: str | int | None
    prediction: float
    base: float
    error: float
    evaluations: int
    attributions: Mapping[str, Attributed]
    scale: str = "output"


class Explained(NamedTuple):
    """A prediction with an explanation of each row."""

    prediction: Prediction
    rows: tuple[Explanation, ...]


class Figures(NamedTuple):
    """Figures of a version for a catalogue: bytes of its files, and main metrics."""

    size: int
    metrics: Mapping[str, float]


class ModelState(NamedTuple):
    """The state of one model: its default version, and why that one cannot be used.

    ``version`` is None where the model's state cannot be read. ``answering`` is the version that still answers requests
    although the default version has an ``error``. ``withdrawn`` versions take no requests. ``default`` marks the model
    that answers requests that name no model; ``example`` is one recorded call of the default signature, for
    documentation; ``shadows`` are the comparisons with shadow versions, by version. ``labels`` are versions by label,
    ``traffic`` are percent and ``mirrored`` fractions of the requests by version; ``figures`` are None unless they were
    asked for and could be read; ``overview`` is in place of ``manifest`` where the registry's index answered.
    """

    name: str
    version: int | None
    versions: tuple[int, ...]
    default: bool = False
    manifest: Manifest | None = None
    digest: str | None = None
    error: str | None = None
    example: Call | None = None
    shadows: Mapping[int, Mapping[str, Any]] = {}
    answering: int | None = None
    withdrawn: tuple[int, ...] = ()
    labels: Mapping[str, int] = {}
    traffic: Mapping[int, float] = {}
    mirrored: Mapping[int, float] = {}
    figures: Figures | None = None
    overview: Overview | None = None

    @property
    def ready(self) -> bool:
        """Return whether the default version, or an earlier one, answers requests."""
        return self.error is None or self.answering is not None


class Report(NamedTuple):
    """The report of a version.

    ``content`` is its report.json, ``measurements`` is what the registry keeps beside its bundle; ``page`` is both as
    HTML, or None for clients that want JSON.
    """

    model: str
    version: int
    content: Mapping[str, Any]
    measurements: Mapping[str, Any]
    page: str | None = None


class Form(NamedTuple):
    """What a page needs for a form of a version, as JSON."""

    model: str
    version: int
    record: Mapping[str, Any]


class Contents(NamedTuple):
    """Contents of a version's files that describe its default signature.

    Attributes:
        sizes: bytes of the bundle's files by path.
        recorded: the recorded rows by input; empty where they cannot be read.
        features: statistics of the data's columns, from the report; empty without them.
    """

    model: str
    version: int
    manifest: Manifest
    sizes: Mapping[str, int]
    recorded: Mapping[str, Array]
    features: tuple[Mapping[str, Any], ...]


class ModelFile(NamedTuple):
    """A file of a version, with the SHA-256 of its content in hexadecimal."""

    model: str
    version: int
    name: str
    sha256: str


class HistoryEntry(NamedTuple):
    """A routing of the history, and the change that set it; see :class:`ModelState`.

    ``at`` is in UTC as ISO 8601; None where it was not recorded. ``current`` marks the one in force.
    """

    number: int
    change: str
    at: str | None
    labels: Mapping[str, int]
    traffic: Mapping[int, float]
    mirrored: Mapping[int, float]
    current: bool


class History(NamedTuple):
    """The history of a model, the newest entry first.

    ``previous`` is the number of the entry that a rollback restores; None where there is none.
    """

    entries: tuple[HistoryEntry, ...]
    previous: int | None


class VersionState(NamedTuple):
    """The state of one version.

    ``state`` is available, failed (with ``error``), unloaded or withdrawn. Versions are loaded on first use: a version
    is available until loading it has failed.
    """

    name: str
    version: int
    state: str
    error: str | None = None
    labels: tuple[str, ...] = ()


class Statistics(NamedTuple):
    """Counters of a version since it was loaded.

    ``calls`` are those that succeeded, ``failures`` those that failed or were refused. ``rows`` are the rows of
    ``calls``, ``last`` is the Unix time of the last of them, in seconds. ``executions`` is less than ``calls`` where
    several calls ran as one batch or were answered from the response cache (``hits``). ``nanoseconds`` is the time of
    executions; ``hit_nanoseconds`` and ``miss_nanoseconds`` are the time spent in the cache.
    """

    name: str
    version: int
    calls: int = 0
    executions: int = 0
    failures: int = 0
    rows: int = 0
    nanoseconds: int = 0
    failed_nanoseconds: int = 0
    last: float = 0.0
    hits: int = 0
    hit_nanoseconds: int = 0
    misses: int = 0
    miss_nanoseconds: int = 0


class Health(NamedTuple):
    """The result of a health check: whether requests can be answered.

    ``models`` is empty for a caller who may not see them.
    """

    ready: bool
    models: tuple[ModelState, ...] = ()
