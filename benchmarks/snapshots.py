"""Processor time of the first answer after a start from a snapshot (SnapStart).

``python -m benchmarks.snapshots`` prints a table. A start is a copy (fork) of an initialised process: it has the same
memory, but Lambda also reads the memory from its snapshot, which is not measured. Half of the processes were
initialised without the recorded request, in alternating rounds.
"""

from __future__ import annotations

import copy
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.examples import ROOT

_EVENTS = {"quickstart": "predict.json", "digits": "predict-image.json"}
_ROUNDS = 5
_STARTS = 20


def main() -> None:
    """Measure each model and print medians in milliseconds."""
    print("| model | initialisation | first answer, no recorded request | first answer | second answer |")
    print("|---|---|---|---|---|")
    for model in _EVENTS:
        found: dict[bool, list[list[float]]] = {True: [], False: []}
        for number in range(2 * _ROUNDS):
            warm = bool(number % 2)
            found[warm] += _run(model, warm)
        cold, warm_first = (statistics.median(row[1] for row in found[warm]) for warm in (False, True))
        start, second = (statistics.median(row[column] for row in found[True]) for column in (0, 2))
        print(f"| {model} | {start:.0f} | {cold:.1f} | {warm_first:.1f} | {second:.2f} |", flush=True)


def _run(model: str, warm: bool) -> list[list[float]]:
    """Return the times of the starts of one process, in milliseconds."""
    registry = str(ROOT / "build" / "examples" / "models")
    environment = os.environ | {"LIGHTSHIP_REGISTRY": registry, "LIGHTSHIP_DEFAULT_MODEL": model}
    command = [sys.executable, "-m", "benchmarks.snapshots", model, "warm" if warm else "cold"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _child(model: str, *, warm: bool) -> None:
    """Print the times of each start: initialisation, first and second answer."""
    from lightship.handlers.predict import handler_for

    handler = handler_for()
    initialised = 1000 * time.process_time()
    from lightship.handlers import snapshot

    event = json.loads((ROOT / "events" / _EVENTS[model]).read_text())
    dispatcher = handler.core.entry.dispatcher
    if warm:
        snapshot.before_snapshot(dispatcher)
    else:
        dispatcher.serving.forget()
    for _ in range(_STARTS):
        if not (child := os.fork()):
            begin = time.process_time()
            snapshot.after_restore(dispatcher)
            first = _answered(handler, event) - begin
            second = _answered(handler, event) - begin - first
            print(json.dumps([initialised, 1000 * first, 1000 * second]), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


def _answered(handler: Any, event: dict[str, Any]) -> float:
    """Answer an event; return the processor time at its end, in seconds."""
    answer = handler(copy.deepcopy(event), None)
    assert answer["statusCode"] == 200
    return time.process_time()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _child(sys.argv[1], warm=sys.argv[2] == "warm")
    else:
        main()
