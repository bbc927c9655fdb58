"""Logs of the local functions, searched for the reason why a message failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# The variable in .lightship.env that names the folder of the ``<function>.log`` files.
VARIABLE = "LIGHTSHIP_LOGS"


def failure_reason(folder: Path, message: str) -> str | None:
    """Return why a message, by its SQS id, failed the last time.

    None if no log has the reason, for example because a worker was killed.
    """
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
