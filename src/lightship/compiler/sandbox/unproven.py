"""Exception for a proof that does not hold."""

from __future__ import annotations


class Unproven(Exception):
    """A proof of confinement does not hold on this machine.

    ``reason`` says what the machine lacks, phrased as the end of a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
