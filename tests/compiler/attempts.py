"""One sandbox run, printed as JSON: proof and probe findings, or the error.

``python -m tests.compiler.attempts PROOF…`` accepts only the given proofs of confinement.
"""

from __future__ import annotations

import dataclasses
import json
import sys

from lightship.compiler.sandbox import Confinement, Task, run, targets
from lightship.errors import LightshipError

if __name__ == "__main__":
    with targets.provide() as probe_targets:
        job = {"probe": "escape", "targets": dataclasses.asdict(probe_targets)}
        try:
            outcome = run(Task("tests.compiler.probes", job), Confinement(accept=sys.argv[1:]))
            print(json.dumps({"proof": outcome.proof, "measures": outcome.measures, **outcome.result}))
        except LightshipError as error:
            print(json.dumps({"error": error.code, "message": error.message, "detail": error.detail}))
