"""Events that we put on EventBridge's bus, for whoever has a rule for them. They may come twice, as all events may."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lightship.errors import Unavailable

SOURCE = "lightship"

# PutEvents takes so many bytes; the envelope is in there.
LARGEST = 256 * 1024 - 1024


def announce(events: Any, bus: str, kind: str, detail: Mapping[str, Any]) -> None:
    """Put an event of a kind (its ``detail-type``) on the bus; raises Unavailable where the bus does not take it."""
    entry = {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
    answer = events.put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        code = answer["Entries"][0].get("ErrorCode", "without a reason")
        raise Unavailable(f"the event bus {bus} did not take '{kind}': {code}")
