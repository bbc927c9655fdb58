"""Resources of the stack, read from the variables that the template sets.

The variables are set for functions, and for terminals by ``.lightship.env`` or the stack's output ``Environment``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lightship.errors import SettingError
from lightship.settings.page import JOB_VARIABLES

_REQUIRED = ("LIGHTSHIP_BUCKET", "LIGHTSHIP_REGISTRY")
_REQUIRED_BY_JOBS = ("LIGHTSHIP_JOBS_TABLE", "LIGHTSHIP_SPLIT_QUEUE", "LIGHTSHIP_SCORE_QUEUE")


@dataclass(frozen=True)
class StackSettings:
    """Names and addresses of the stack's resources; empty where a variable is not set.

    Attributes:
        bucket: ``LIGHTSHIP_BUCKET``.
        registry: ``LIGHTSHIP_REGISTRY``.
        jobs_table: ``LIGHTSHIP_JOBS_TABLE``: the ledger's name.
        split_queue: ``LIGHTSHIP_SPLIT_QUEUE``: a URL.
        score_queue: ``LIGHTSHIP_SCORE_QUEUE``: a URL.
        event_bus: ``LIGHTSHIP_EVENT_BUS``: a name or ARN.
        reply_queues: ``LIGHTSHIP_REPLY_QUEUES``: ARNs, separated by commas, or the word none.
        queues: ``LIGHTSHIP_QUEUES``: the queues' URLs by name, from ``score=URL,…``; for terminals.
        schedule_group: ``LIGHTSHIP_SCHEDULE_GROUP``: the group of the stack's schedules; for terminals.
        compile_worker: ``LIGHTSHIP_COMPILE_WORKER``: the function that opens model files, by name or ARN.
        compile_tenancy: ``LIGHTSHIP_COMPILE_TENANCY``: whether that function has tenant isolation (``PER_TENANT``).
        memory: ``AWS_LAMBDA_FUNCTION_MEMORY_SIZE`` in MiB; 0 outside Lambda.
    """

    bucket: str
    registry: str
    jobs_table: str = ""
    split_queue: str = ""
    score_queue: str = ""
    event_bus: str = "default"
    reply_queues: tuple[str, ...] = ()
    queues: Mapping[str, str] = field(default_factory=dict)
    schedule_group: str = ""
    compile_worker: str = ""
    compile_tenancy: bool = False
    memory: int = 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> StackSettings:
        """Read the variables; raises SettingError, naming the missing or malformed one."""
        require(environ, _REQUIRED)
        return cls(
            bucket=environ["LIGHTSHIP_BUCKET"],
            registry=environ["LIGHTSHIP_REGISTRY"],
            jobs_table=environ.get("LIGHTSHIP_JOBS_TABLE", ""),
            split_queue=environ.get("LIGHTSHIP_SPLIT_QUEUE", ""),
            score_queue=environ.get("LIGHTSHIP_SCORE_QUEUE", ""),
            event_bus=environ.get("LIGHTSHIP_EVENT_BUS") or "default",
            reply_queues=_arns(environ.get("LIGHTSHIP_REPLY_QUEUES", "")),
            queues=_urls(environ.get("LIGHTSHIP_QUEUES", "")),
            schedule_group=environ.get("LIGHTSHIP_SCHEDULE_GROUP", ""),
            compile_worker=environ.get("LIGHTSHIP_COMPILE_WORKER", ""),
            compile_tenancy=environ.get("LIGHTSHIP_COMPILE_TENANCY") == "PER_TENANT",
            memory=_memory(environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")),
        )

    def require_jobs(self) -> None:
        """Raise SettingError unless the jobs table and both job queues are set."""
        values = (self.jobs_table, self.split_queue, self.score_queue)
        require(dict(zip(_REQUIRED_BY_JOBS, values, strict=True)), _REQUIRED_BY_JOBS)


def has_jobs(environ: Mapping[str, str]) -> bool:
    """Return whether an environment sets every variable that jobs require."""
    return all(environ.get(name) for name in JOB_VARIABLES)


def require(environ: Mapping[str, str], names: tuple[str, ...]) -> None:
    """Raise SettingError for the first of these variables that is not set."""
    if missing := [name for name in names if not environ.get(name)]:
        raise unset(missing[0])


def unset(name: str) -> SettingError:
    """Return the error for a variable that is not set."""
    return SettingError(
        f"{name} is not set: functions get it from the template, terminals from .lightship.env (`lightship up`) "
        "or from a deployed stack's output Environment"
    )


def _memory(text: str) -> int:
    if text and not text.isdecimal():
        raise SettingError(f"AWS_LAMBDA_FUNCTION_MEMORY_SIZE is {text[:20]!r}: it must be a whole number of MiB")
    return int(text or 0)


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
