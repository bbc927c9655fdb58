"""Number of the package's functions that one warm prediction calls.

It bounds the cost of the layers and the length of the code path.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import lightship
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.serve import core, gateway

SOURCE = str(Path(lightship.__file__).parent)
MOST = 20


def entered(work: Callable[[], Any]) -> list[str]:
    """Return the names of the package's functions that ``work`` calls, in order."""
    names: list[str] = []

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(SOURCE):
            names.append(frame.f_code.co_qualname)

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return names


def test_warm_prediction_enters_few_functions(registries: Registries) -> None:
    handler = gateway(core(registries.examples, refresh=3600))
    event = json.loads((ROOT / "events" / "predict.json").read_text())
    for _ in range(3):
        assert handler(event, None)["statusCode"] == 200
    names = entered(lambda: handler(event, None))
    assert names[0] == "Gateway.__call__"
    assert len(names) <= MOST, names
