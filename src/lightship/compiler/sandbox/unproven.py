"""The error of a proof that does not hold."""

from __future__ import annotations


class Unproven(Exception):
    """A proof does not hold on this machine; ``reason`` says what the machine lacks, as the end of a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
