"""Worker processes, of which all but the last are killed.

Run as ``python -m tests.jobs.faults.killed_worker TABLE SPLIT_QUEUE SCORE_QUEUE WORKERS``. One process after another
prints its number, waits for a line of standard input, and handles the messages of real queues until they are empty; its
exit code is printed then. Processes are forked after the imports, because twenty starts would take a minute.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from lightship.aws.stack import StackSettings
from lightship.engines import litert  # noqa: F401  # imported before the fork
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.settings import CacheSettings
from tests.jobs.clouds import REGISTRY


def main(table: str, split_queue: str, score_queue: str, workers: int) -> None:
    stack, cache = StackSettings("jobs", REGISTRY, table, split_queue, score_queue), CacheSettings.from_environment()
    connect(stack)  # reads boto3's data files before the fork
    for _ in range(workers):
        child = os.fork()
        if not child:
            print(os.getpid(), flush=True)
            sys.stdin.readline()
            _work(connect(stack, cache=cache))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _work(cloud: Cloud) -> None:
    handlers: dict[str, Callable[[dict[str, Any], Cloud], str]] = {
        cloud.split_queue: plan.handle,
        cloud.score_queue: score.handle,
    }
    idle = 0
    while idle < len(handlers):
        for queue, handle in handlers.items():
            found = cloud.sqs.receive_message(QueueUrl=queue).get("Messages", [])
            idle = 0 if found else idle + 1
            for message in found:
                handle(json.loads(message["Body"]), cloud)
                cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
