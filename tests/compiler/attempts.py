"""One run of the sandbox, told as JSON: what held and what the probe finds from inside, or which error came."""

from __future__ import annotations

import json
import sys

from lightship.compiler.sandbox import run
from lightship.errors import LightshipError

if __name__ == "__main__":
    probe, *accept = sys.argv[1:]
    try:
        outcome = run("tests.compiler.probes", {"probe": probe}, accept=accept)
        print(json.dumps({"proof": outcome.proof, "means": outcome.means, **outcome.result}))
    except LightshipError as error:
        print(json.dumps({"error": error.code, "message": error.message, "detail": error.detail}))
