"""Whose a job is, where AWS names its caller by an ARN."""

from __future__ import annotations

_ASSUMED = "assumed-role"


def owner_of(arn: str) -> str:
    """Return the owner of jobs that a caller with this ARN starts: of a role's session the role.

    ``arn:aws:sts::1:assumed-role/ROLE/SESSION`` becomes ``arn:aws:sts::1:assumed-role/ROLE``: the next session of the
    same role sees the jobs of this one. Every other ARN is its own owner.
    """
    kind, *rest = arn.split("/")
    return f"{kind}/{rest[0]}" if kind.endswith(f":{_ASSUMED}") and rest else arn
