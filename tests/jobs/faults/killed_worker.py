"""Worker processes that are killed.

Run as ``python -m tests.jobs.faults.killed_worker TABLE SPLIT_QUEUE SCORE_QUEUE KILLS``. One process after another
receives messages from real queues and sends itself SIGKILL at its k-th call of a service, before or after it took
effect, where k grows from worker to worker. The last one survives, and ends when the queues are empty. Processes are
forked after the imports, because twenty starts would take a minute.
"""

from __future__ import annotations

import json
import os
import signal
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


def main(table: str, split_queue: str, score_queue: str, kills: int) -> None:
    stack, cache = StackSettings("jobs", REGISTRY, table, split_queue, score_queue), CacheSettings.from_environment()
    connect(stack)  # reads boto3's data files before the fork
    for number in range(kills + 1):
        child = os.fork()
        if not child:
            cloud = connect(stack, cache=cache)
            if number < kills:
                _kill_at_call(cloud, 1 + number // 2, after=bool(number % 2))
            _work(cloud)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(-os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), flush=True)


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


def _kill_at_call(cloud: Cloud, call: int, *, after: bool) -> None:
    """Kill this process before or after its n-th call, not counting ReceiveMessage."""
    calls = 0
    for client in (cloud.s3, cloud.dynamodb, cloud.sqs):

        def counted(name: str, arguments: Any, real: Any = client._make_api_call) -> Any:
            nonlocal calls
            calls += name != "ReceiveMessage"
            if calls == call and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = real(name, arguments)
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        client._make_api_call = counted


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
