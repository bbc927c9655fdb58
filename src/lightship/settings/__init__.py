"""Settings of servers, functions and commands, read from environment variables.

The top layers read them once and pass them down as values.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from lightship.errors import SettingError
from lightship.settings.page import PageSettings as PageSettings
from lightship.settings.variables import read_variable

T = TypeVar("T")

MEBIBYTE = 1024 * 1024

# The name of a transform is also that of a file and of a Python module.
TRANSFORM_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class CacheSettings(NamedTuple):
    """The cache of versions that were downloaded from S3.

    Attributes:
        folder: ``LIGHTSHIP_CACHE``; None for a folder in the temporary directory.
        size: ``LIGHTSHIP_CACHE_MB`` in MiB, here in bytes: the least recently used versions beyond it are removed.
    """

    folder: Path | None = None
    size: int = 400 * MEBIBYTE

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> CacheSettings:
        """Read ``LIGHTSHIP_CACHE`` and ``LIGHTSHIP_CACHE_MB``; raises SettingError."""
        source = os.environ if environ is None else environ
        folder = Path(source["LIGHTSHIP_CACHE"]) if source.get("LIGHTSHIP_CACHE") else None
        return cls(folder, read_variable(source, "LIGHTSHIP_CACHE_MB", _mebibytes, cls().size))


DEFAULT_CACHE = CacheSettings()


class TransformSettings(NamedTuple):
    """The transforms, code of the user, that models may use.

    Attributes:
        names: ``LIGHTSHIP_TRANSFORMS``: the allowed ones.
        folder: ``LIGHTSHIP_TRANSFORMS_FOLDER``: holds their files, ``NAME.py``.
        seconds: ``LIGHTSHIP_TRANSFORM_SECONDS``: the longest time for one call of a transform's function,
            and for its import.
    """

    names: tuple[str, ...] = ()
    folder: Path = Path("transforms")
    seconds: float = 10.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> TransformSettings:
        """Read the variables; raises SettingError."""
        source, defaults = os.environ if environ is None else environ, cls()
        return cls(
            read_variable(source, "LIGHTSHIP_TRANSFORMS", _transforms, defaults.names),
            read_variable(source, "LIGHTSHIP_TRANSFORMS_FOLDER", Path, defaults.folder),
            read_variable(source, "LIGHTSHIP_TRANSFORM_SECONDS", _duration, defaults.seconds),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the settings for another process, with an absolute folder."""
        return {"names": list(self.names), "folder": str(self.folder.resolve()), "seconds": self.seconds}

    @classmethod
    def from_json(cls, record: Mapping[str, Any] | None) -> TransformSettings:
        """Return the settings of a :meth:`to_json` record; None allows no transform."""
        if record is None:
            return cls()
        return cls(tuple(record["names"]), Path(record["folder"]), float(record["seconds"]))


NO_TRANSFORMS = TransformSettings()


class ExplainSettings(NamedTuple):
    """The cost of explaining one request.

    Attributes:
        evaluations: ``LIGHTSHIP_EXPLAIN_EVALUATIONS``: how many rows the model may compute for it.
        seconds: ``LIGHTSHIP_EXPLAIN_SECONDS``: how long it may take.
    """

    evaluations: int = 100_000
    seconds: float = 25.0

    @classmethod
    def from_environment(cls, source: Mapping[str, str]) -> ExplainSettings:
        """Read the variables; raises SettingError."""
        return cls(
            read_variable(source, "LIGHTSHIP_EXPLAIN_EVALUATIONS", _positive, cls().evaluations),
            read_variable(source, "LIGHTSHIP_EXPLAIN_SECONDS", _duration, cls().seconds),
        )


DEFAULT_EXPLAIN = ExplainSettings()


class Settings(NamedTuple):
    """The settings of a server, a function or a command.

    Attributes:
        registry: ``LIGHTSHIP_REGISTRY``: the folder that holds the models, or ``s3://bucket/prefix``.
        cache: ``LIGHTSHIP_CACHE`` and ``LIGHTSHIP_CACHE_MB``: the cache of versions from S3.
        default_model: ``LIGHTSHIP_DEFAULT_MODEL``: answers ``POST /predict``; required with more than one model.
        token: ``LIGHTSHIP_TOKEN``: the bearer token that every request must carry, except health checks and ``/docs``.
        allow_anonymous: ``LIGHTSHIP_ALLOW_ANONYMOUS``: serve beyond loopback without a token.
        allow_admin: ``LIGHTSHIP_ALLOW_ADMIN``: let callers load, unload and route models.
        max_body: ``LIGHTSHIP_MAX_BODY_BYTES``: the largest request body in bytes, after decompression.
        max_answer: ``LIGHTSHIP_MAX_ANSWER_BYTES``: the largest response in bytes; 0 for no limit (on Lambda: 6 MiB less
            64 KiB).
        refresh: ``LIGHTSHIP_REFRESH_SECONDS``: the longest time until a new version is noticed.
        memory: ``LIGHTSHIP_MEMORY_MB``, here in bytes: the size of models to keep loaded; 0 for no limit.
        response_cache: ``LIGHTSHIP_RESPONSE_CACHE_MB``, as ``churn=10,…`` in MB, here in bytes: responses to cache by
            model.
        threads: ``LIGHTSHIP_THREADS``: threads for calls that take longer than a millisecond, large bodies and images,
            divided among the workers.
        batch_rows: ``LIGHTSHIP_BATCH_ROWS``: the most single rows that such a thread runs as one batch; 1 disables it.
        batch_window: ``LIGHTSHIP_BATCH_WINDOW_MS``, here in seconds: how long a batch waits for more rows while another
            one is running.
        init_seconds: ``LIGHTSHIP_INIT_SECONDS``: how long an on-demand Lambda function waits for its default model
            before it takes requests; 0 for as long as loading takes.
        body_seconds: ``LIGHTSHIP_BODY_SECONDS``: the longest time for a request's body to arrive; 0 for no limit.
        bodies: ``LIGHTSHIP_BODIES_MB``, here in bytes: request bodies in memory at a time, at least twice ``max_body``;
            0 for no limit.
        connections: ``LIGHTSHIP_CONNECTIONS``: connections that a server has open at a time; further ones wait.
        idle_seconds: ``LIGHTSHIP_IDLE_SECONDS``: when a connection without a complete request head is closed, at
            least 0.1.
        allowed_hosts: ``LIGHTSHIP_ALLOWED_HOSTS``: values accepted in the ``Host`` header, or ``*``; if empty, names of
            this machine for a server on loopback, and any name otherwise.
        base_path: ``LIGHTSHIP_BASE_PATH``: the prefix that a custom domain's API mapping adds to every path on Lambda.
        cors_origins: ``LIGHTSHIP_CORS_ORIGINS``: origins allowed to send requests, as ``https://a.example``, or ``*``.
        access_log: ``LIGHTSHIP_ACCESS_LOG``: a server writes a JSON line per request to its standard output.
        metrics: ``LIGHTSHIP_METRICS``: the Lambda function writes metrics of each request to its log.
        transforms: see :class:`TransformSettings`.
        explain: see :class:`ExplainSettings`.
        page: see :class:`PageSettings`.
        workers: ``LIGHTSHIP_WORKERS``: processes of ``lightship serve``.
        worker: the number of this process among them, from 0; None for a single process.
    """

    registry: str = "./models"
    cache: CacheSettings = DEFAULT_CACHE
    default_model: str | None = None
    token: str | None = None
    allow_anonymous: bool = False
    allow_admin: bool = False
    max_body: int = 10 * MEBIBYTE
    max_answer: int = 0
    refresh: float = 2.0
    memory: int = 0
    response_cache: Mapping[str, int] = {}
    threads: int = 2
    batch_rows: int = 8
    batch_window: float = 0.0
    init_seconds: float = 0.0
    body_seconds: float = 30.0
    bodies: int = 100_000_000
    connections: int = 4000
    idle_seconds: float = 75.0
    allowed_hosts: tuple[str, ...] = ()
    base_path: str = ""
    cors_origins: tuple[str, ...] = ()
    access_log: bool = False
    metrics: bool = False
    transforms: TransformSettings = NO_TRANSFORMS
    explain: ExplainSettings = DEFAULT_EXPLAIN
    page: PageSettings = PageSettings()
    workers: int = 1
    worker: int | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``LIGHTSHIP_*`` variables.

        Raises SettingError that names the variable and what it must be.
        """
        source = os.environ if environ is None else environ

        def read(key: str, cast: Callable[[str], T], default: T) -> T:
            return read_variable(source, key, cast, default)

        defaults = cls()
        return cls(
            registry=read("LIGHTSHIP_REGISTRY", str, defaults.registry),
            cache=CacheSettings.from_environment(source),
            default_model=read("LIGHTSHIP_DEFAULT_MODEL", str, defaults.default_model),
            token=read("LIGHTSHIP_TOKEN", _token, defaults.token),
            allow_anonymous=read("LIGHTSHIP_ALLOW_ANONYMOUS", _flag, defaults.allow_anonymous),
            allow_admin=read("LIGHTSHIP_ALLOW_ADMIN", _flag, defaults.allow_admin),
            max_body=read("LIGHTSHIP_MAX_BODY_BYTES", _positive, defaults.max_body),
            max_answer=read("LIGHTSHIP_MAX_ANSWER_BYTES", _count, defaults.max_answer),
            refresh=read("LIGHTSHIP_REFRESH_SECONDS", _seconds, defaults.refresh),
            memory=read("LIGHTSHIP_MEMORY_MB", _count, defaults.memory) * 1_000_000,
            response_cache=read("LIGHTSHIP_RESPONSE_CACHE_MB", _sizes, {}),
            threads=read("LIGHTSHIP_THREADS", _positive, defaults.threads),
            batch_rows=read("LIGHTSHIP_BATCH_ROWS", _positive, defaults.batch_rows),
            batch_window=read("LIGHTSHIP_BATCH_WINDOW_MS", _count, 0) / 1000,
            init_seconds=read("LIGHTSHIP_INIT_SECONDS", _seconds, defaults.init_seconds),
            body_seconds=read("LIGHTSHIP_BODY_SECONDS", _seconds, defaults.body_seconds),
            bodies=read("LIGHTSHIP_BODIES_MB", _megabytes, defaults.bodies),
            connections=read("LIGHTSHIP_CONNECTIONS", _positive, defaults.connections),
            idle_seconds=max(0.1, read("LIGHTSHIP_IDLE_SECONDS", _seconds, defaults.idle_seconds)),
            allowed_hosts=read("LIGHTSHIP_ALLOWED_HOSTS", _names, defaults.allowed_hosts),
            base_path=read("LIGHTSHIP_BASE_PATH", _base_path, defaults.base_path),
            cors_origins=read("LIGHTSHIP_CORS_ORIGINS", _origins, defaults.cors_origins),
            access_log=read("LIGHTSHIP_ACCESS_LOG", _flag, defaults.access_log),
            metrics=read("LIGHTSHIP_METRICS", _flag, defaults.metrics),
            transforms=TransformSettings.from_environment(source),
            explain=ExplainSettings.from_environment(source),
            page=PageSettings.from_environment(source),
            workers=read("LIGHTSHIP_WORKERS", _positive, defaults.workers),
        )


DEFAULT_SETTINGS = Settings()


def _token(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        # the value is a secret: the message must not contain it
        raise SettingError("LIGHTSHIP_TOKEN must be printable ASCII characters without spaces, to fit into a header")
    return text


def _base_path(text: str) -> str:
    segments = [segment for segment in text.split("/") if segment]
    if not segments or not all(re.fullmatch(r"[A-Za-z0-9$\-_.+!*'()]+", segment) for segment in segments):
        raise ValueError("a path such as /ml, of the characters that an API mapping key may have")
    return "/" + "/".join(segments)


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    if not all(origin == "*" or re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", origin) for origin in origins):
        raise ValueError("a list of origins like https://a.example,http://localhost:3000 without paths, or *")
    return origins


def _flag(text: str) -> bool:
    if text.lower() not in {"0", "1", "true", "false"}:
        raise ValueError("1 or 0")
    return text.lower() in {"1", "true"}


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("a whole number, zero or more")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ValueError("a whole number from 1")
    return int(text)


def _megabytes(text: str) -> int:
    return _count(text) * 1_000_000


def _mebibytes(text: str) -> int:
    return _count(text) * MEBIBYTE


def _names(text: str) -> tuple[str, ...]:
    names = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    if not all(name == "*" or re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", name) for name in names):
        raise ValueError("a list of host names like api.example.com,[::1] without schemes and ports, or *")
    return names


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError("a number of seconds, zero or more")
    return value


def _duration(text: str) -> float:
    if not (value := _seconds(text)):
        raise ValueError("a number of seconds above zero")
    return value


def _transforms(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not all(TRANSFORM_NAME.fullmatch(name) for name in names):
        raise ValueError("a list of names like euros,dates of the characters a-z, 0-9 and _")
    return names


def _sizes(text: str) -> Mapping[str, int]:
    sizes = {}
    for word in filter(None, text.split(",")):
        name, separator, megabytes = word.strip().partition("=")
        if not separator or not megabytes.isdecimal():
            raise ValueError("a list like churn=10,digits=5: megabytes of responses to cache for each model")
        sizes[name] = int(megabytes) * 1_000_000
    return sizes
