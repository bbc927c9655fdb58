"""Function of the tests: does what its event requests."""

import os
import subprocess
import sys
import time
from pathlib import Path


def handler(event, context):
    if "raise" in event:
        raise KeyError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "spin" in event:
        while True:
            pass
    if "grandchild" in event:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        return child.pid
    if "unserialisable" in event:
        return {1, 2}
    if "big" in event:
        return "x" * event["big"]
    print("received", event)
    before = context.get_remaining_time_in_millis()
    time.sleep(0.001)
    return {
        "event": event,
        "pid": os.getpid(),
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "request": context.aws_request_id,
        "left": before,
        "later": context.get_remaining_time_in_millis(),
        "environment": {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "LIGHTSHIP_"))},
        "temporary": os.environ["TMPDIR"],
        "folder": str(Path.cwd()),
    }
