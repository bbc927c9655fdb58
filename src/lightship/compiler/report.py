"""What a compile tells the user: everything in it can be written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lightship.compiler.limits import Cost
from lightship.compiler.parity import Agreement
from lightship.tensors import Signature


@dataclass(frozen=True)
class Sizes:
    """Bytes of the source's model files and of the bundle's."""

    before: int
    after: int


@dataclass(frozen=True)
class Latency:
    """Median seconds of one call with one row, in this process, on this machine.

    ``subject`` says what ``before`` timed: the call that users of the source's framework make.
    """

    subject: str
    before: float
    after: float


@dataclass(frozen=True)
class Report:
    """The result of one compile.

    Attributes:
        reasons: why LiteRT could not be used, by operator or message; empty with the engine ``litert``.
        parity: one entry for each output of each signature.
        cost: what one call of one row took in a process that had opened nothing else.
        warnings: sentences about what compiled and still looks wrong.
        trusted: code in the source that ``--trust`` allowed.
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

    def to_json(self) -> dict[str, Any]:
        """The report as plain dictionaries and lists."""
        return asdict(self) | {"signatures": [signature.to_json() for signature in self.signatures]}

    @classmethod
    def from_build(cls, name: str, version: int, digest: str, built: Mapping[str, Any]) -> Report:
        """A report from what the child process sent (:func:`lightship.compiler.build.build`)."""
        return cls(
            name=name,
            version=version,
            digest=digest,
            engine=str(built["engine"]),
            reasons=tuple(built["reasons"]),
            signatures=tuple(Signature.from_json(record) for record in built["signatures"]),
            sizes=Sizes(**built["sizes"]),
            parity=tuple(Agreement(**record) for record in built["parity"]),
            latency=Latency(**built["latency"]),
            cost=Cost(**built["cost"]),
            warnings=tuple(built["warnings"]),
            trusted=tuple(built["trusted"]),
        )
