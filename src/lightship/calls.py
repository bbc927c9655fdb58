"""What is asked of models and what they answer: the nouns that pass between protocols, models and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lightship.bundle import Manifest
from lightship.tensors import Array, Signature


@dataclass(slots=True)
class Call:
    """What is asked of a model: input tensors by name, for a signature and outputs (default: the first, all)."""

    inputs: Mapping[str, Array]
    signature: str | None = None
    outputs: tuple[str, ...] = ()
    id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The length of the first input that has rows; 1 where none has."""
        for array in self.inputs.values():
            if array.ndim:
                return len(array)
        return 1


@dataclass(slots=True)
class Result:
    """What a model answered: output tensors by name, in the order they were asked for."""

    call: Call
    signature: Signature
    outputs: Mapping[str, Array]


@dataclass(slots=True)
class Prediction:
    """A result, and which version of which model gave it."""

    model: str
    version: int
    result: Result


class ModelState(NamedTuple):
    """One model as it stands: the version that answers by default, and why it does not if it does not.

    ``version`` is None where none is known, because the model's state cannot be read. ``answering`` is the version that
    goes on in spite of an ``error``. ``withdrawn`` versions take no requests. ``default`` marks the model that answers
    where a request names none; ``example`` is one recorded call of the default signature, for documentation;
    ``shadows`` says how far versions that run unheard disagree.
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

    @property
    def ready(self) -> bool:
        """Whether requests are answered: by its version, or by the one that goes on."""
        return self.error is None or self.answering is not None


class VersionState(NamedTuple):
    """One version of a model: ``state`` is available, failed (with ``error``), unloaded or withdrawn.

    A version is loaded when it is first asked for: until it has failed, it is available.
    """

    name: str
    version: int
    state: str
    error: str | None = None
    labels: tuple[str, ...] = ()


class Statistics(NamedTuple):
    """What a version has done since it was loaded; ``last`` is the Unix time of its last call, in seconds.

    ``executions`` is less than ``calls`` where several were run as one batch, or answered from the response cache
    (``hits``). ``nanoseconds`` are those of executions; ``hit_nanoseconds`` and ``miss_nanoseconds`` the cache's own.
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
    """Whether requests can be answered. ``models`` is empty for a caller who may not see them."""

    ready: bool
    models: tuple[ModelState, ...] = ()
