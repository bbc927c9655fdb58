"""Where the functions that queues start find what they work on: names from the environment, given by the template."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from lightship.errors import SettingError
from lightship.settings import DEFAULT_CACHE, CacheSettings

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud


class Places(NamedTuple):
    """Each is empty where the environment does not have it.

    Attributes:
        bucket: ``LIGHTSHIP_BUCKET``.
        registry: ``LIGHTSHIP_REGISTRY``.
        jobs_table: ``LIGHTSHIP_JOBS_TABLE``: the ledger's name.
        split_queue: ``LIGHTSHIP_SPLIT_QUEUE``: a URL.
        score_queue: ``LIGHTSHIP_SCORE_QUEUE``: a URL.
        event_bus: ``LIGHTSHIP_EVENT_BUS``: a name or ARN.
        reply_queues: ``LIGHTSHIP_REPLY_QUEUES``: ARNs, separated by commas, or the word none.
        queues: ``LIGHTSHIP_QUEUES``: the working queues' URLs by name, from ``score=URL,…``. For people, not functions.
        schedule_group: ``LIGHTSHIP_SCHEDULE_GROUP``: where the stack's schedules are. For people, too.
        compile_worker: ``LIGHTSHIP_COMPILE_WORKER``: the function that opens model files, by name or ARN.
        compile_tenancy: ``LIGHTSHIP_COMPILE_TENANCY``: whether that function keeps its tenants apart (``PER_TENANT``).
        cache: ``LIGHTSHIP_CACHE`` and ``LIGHTSHIP_CACHE_MB``: where versions from S3 are kept.
        memory: ``AWS_LAMBDA_FUNCTION_MEMORY_SIZE``: MiB, as Lambda says; 0 elsewhere.
    """

    bucket: str
    registry: str
    jobs_table: str = ""
    split_queue: str = ""
    score_queue: str = ""
    event_bus: str = "default"
    reply_queues: tuple[str, ...] = ()
    queues: Mapping[str, str] = {}
    schedule_group: str = ""
    compile_worker: str = ""
    compile_tenancy: bool = False
    cache: CacheSettings = DEFAULT_CACHE
    memory: int = 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Places:
        """Read them; raises SettingError where the two that every function needs are not both there."""
        source = os.environ if environ is None else environ
        if missing := [name for name in ("LIGHTSHIP_BUCKET", "LIGHTSHIP_REGISTRY") if not source.get(name)]:
            raise unset(missing[0])
        return cls(
            bucket=source["LIGHTSHIP_BUCKET"],
            registry=source["LIGHTSHIP_REGISTRY"],
            jobs_table=source.get("LIGHTSHIP_JOBS_TABLE", ""),
            split_queue=source.get("LIGHTSHIP_SPLIT_QUEUE", ""),
            score_queue=source.get("LIGHTSHIP_SCORE_QUEUE", ""),
            event_bus=source.get("LIGHTSHIP_EVENT_BUS") or cls._field_defaults["event_bus"],
            reply_queues=_arns(source.get("LIGHTSHIP_REPLY_QUEUES", "")),
            queues=_urls(source.get("LIGHTSHIP_QUEUES", "")),
            schedule_group=source.get("LIGHTSHIP_SCHEDULE_GROUP", ""),
            compile_worker=source.get("LIGHTSHIP_COMPILE_WORKER", ""),
            compile_tenancy=source.get("LIGHTSHIP_COMPILE_TENANCY") == "PER_TENANT",
            cache=CacheSettings.from_environment(source),
            memory=int(source.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or 0),
        )

    def cloud(self, *, attempts: int = 6) -> Cloud:
        """What the jobs work with; raises SettingError where the environment names no ledger or queue.

        ``attempts`` is as in :func:`lightship.aws.client`.
        """
        from lightship.jobs import cloud

        needed = {
            "LIGHTSHIP_JOBS_TABLE": self.jobs_table,
            "LIGHTSHIP_SPLIT_QUEUE": self.split_queue,
            "LIGHTSHIP_SCORE_QUEUE": self.score_queue,
        }
        if missing := [name for name, value in needed.items() if not value]:
            raise unset(missing[0])
        return cloud.connect(
            bucket=self.bucket,
            table=self.jobs_table,
            split_queue=self.split_queue,
            score_queue=self.score_queue,
            registry=self.registry,
            attempts=attempts,
            memory=self.memory or cloud.CORE,
            cache=self.cache,
        )


def jobs() -> Cloud | None:
    """What a server of HTTP requests works on jobs with; None where the environment does not name all of it."""
    try:
        places = Places.from_environment()
    except SettingError:
        return None
    whole = places.jobs_table and places.split_queue and places.score_queue
    return places.cloud(attempts=3) if whole else None


def unset(name: str) -> SettingError:
    """The error of a variable that is not there."""
    return SettingError(
        f"{name} is not set: a function has it from the template, a terminal from .lightship.env (`lightship up`) "
        "or from a deployed stack's output Environment"
    )


def _urls(text: str) -> dict[str, str]:
    pairs = [word.strip().partition("=") for word in text.split(",") if word.strip()]
    if wrong := [name for name, _, url in pairs if not name or not url.startswith(("http://", "https://"))]:
        raise SettingError(f"LIGHTSHIP_QUEUES has {wrong[0]!r}: it must be NAME=URL, separated by commas")
    return {name: url for name, _, url in pairs}


def _arns(text: str) -> tuple[str, ...]:
    words = [word.strip() for word in text.split(",") if word.strip() not in {"", "none"}]
    if wrong := [word for word in words if not word.startswith("arn:") or word.count(":") != 5]:
        raise SettingError(f"LIGHTSHIP_REPLY_QUEUES has {wrong[0]!r}: it must be ARNs of queues, separated by commas")
    return tuple(words)
