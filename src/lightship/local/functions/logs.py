"""What the functions on this machine have logged, to explain why a message failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# The folder with a ``<function>.log`` each, in .lightship.env.
VARIABLE = "LIGHTSHIP_LOGS"


def why(folder: Path, message: str) -> str | None:
    """Why a message failed the last time, by SQS's id of it; None where no log says so (a worker was killed, say)."""
    failures = [record for log in sorted(folder.glob("*.log")) for record in _failures(log, message)]
    if not failures:
        return None
    last = max(failures, key=lambda record: int(record.get("received") or 0))
    return str(last.get("reason") or " ".join(filter(None, [last.get("error"), last.get("code")])))


def _failures(log: Path, message: str) -> list[dict[str, Any]]:
    with log.open(errors="replace") as lines:
        records = [_record(line) for line in lines if message in line]
    return [record for record in records if record.get("message_id") == message and "error" in record]


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
