"""What the environment says, read once by the packages at the top and passed down as values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from lightship.errors import SettingError

T = TypeVar("T")

MEBIBYTE = 1024 * 1024


class CacheSettings(NamedTuple):
    """Where versions that were downloaded from S3 are kept.

    Attributes:
        folder: ``LIGHTSHIP_CACHE``; None for one in the temporary folder.
        size: ``LIGHTSHIP_CACHE_MB``: bytes to keep, from MiB; the least recently used versions are removed first.
    """

    folder: Path | None = None
    size: int = 400 * MEBIBYTE

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> CacheSettings:
        """Read ``LIGHTSHIP_CACHE`` and ``LIGHTSHIP_CACHE_MB``; raises SettingError."""
        source = os.environ if environ is None else environ
        folder = Path(source["LIGHTSHIP_CACHE"]) if source.get("LIGHTSHIP_CACHE") else None
        return cls(folder, _read(source, "LIGHTSHIP_CACHE_MB", _mebibytes, cls().size))


DEFAULT_CACHE = CacheSettings()


class Settings(NamedTuple):
    """Every environment variable that a server, a function or a command takes.

    Attributes:
        registry: ``LIGHTSHIP_REGISTRY``: the folder that holds the models, or ``s3://bucket/prefix``.
        cache: ``LIGHTSHIP_CACHE`` and ``LIGHTSHIP_CACHE_MB``: where versions from S3 are kept.
        default_model: ``LIGHTSHIP_DEFAULT_MODEL``: answers ``POST /predict``; needed with more than one model.
        token: ``LIGHTSHIP_TOKEN``: the bearer token that every request but a health check must carry.
        allow_anonymous: ``LIGHTSHIP_ALLOW_ANONYMOUS``: serve beyond loopback without a token.
        allow_admin: ``LIGHTSHIP_ALLOW_ADMIN``: let callers load and unload models.
        max_body: ``LIGHTSHIP_MAX_BODY_BYTES``: the largest request body in bytes, after inflating it.
        max_answer: ``LIGHTSHIP_MAX_ANSWER_BYTES``: the largest answer in bytes; 0 for no limit.
        refresh: ``LIGHTSHIP_REFRESH_SECONDS``: how long a new version may go unnoticed.
        memory: ``LIGHTSHIP_MEMORY_MB``: megabytes of models to keep loaded; 0 for no limit.
        response_cache: ``LIGHTSHIP_RESPONSE_CACHE_MB``: bytes of answers to keep by model, from ``churn=10,…`` in MB.
        threads: ``LIGHTSHIP_THREADS``: threads for models that take longer than a millisecond, large bodies and images.
        batch_rows: ``LIGHTSHIP_BATCH_ROWS``: the most single rows that such a thread runs as one batch; 1 for none.
        batch_window: ``LIGHTSHIP_BATCH_WINDOW_MS``: how long a batch may wait to be fuller while another is running.
        init_seconds: ``LIGHTSHIP_INIT_SECONDS``: how long a Lambda function that starts on demand waits for its default
            model before it takes requests; 0 for as long as loading takes.
        body_seconds: ``LIGHTSHIP_BODY_SECONDS``: how long a request's body may take to arrive; 0 for no limit.
        bodies: ``LIGHTSHIP_BODIES_MB``: megabytes of request bodies that are in memory at a time; 0 for no limit.
        connections: ``LIGHTSHIP_CONNECTIONS``: connections that a server has open at a time; others wait.
        idle_seconds: ``LIGHTSHIP_IDLE_SECONDS``: how long a connection may bring no complete head of a request.
        allowed_hosts: ``LIGHTSHIP_ALLOWED_HOSTS``: names that the ``Host`` header may have, or ``*``; empty for this
            machine's own names on loopback, and for any name elsewhere.
        base_path: ``LIGHTSHIP_BASE_PATH``: what a custom domain's API mapping puts in front of every path on Lambda.
        cors_origins: ``LIGHTSHIP_CORS_ORIGINS``: web sites whose pages may ask, as ``https://a.example``, or ``*``.
        access_log: ``LIGHTSHIP_ACCESS_LOG``: a server writes a JSON line per request to its standard output.
        metrics: ``LIGHTSHIP_METRICS``: the Lambda function writes metrics of each request into its log.
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

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``LIGHTSHIP_*``; raises SettingError that names the variable and what it must be."""
        source = os.environ if environ is None else environ

        def read(key: str, cast: Callable[[str], T], default: T) -> T:
            return _read(source, key, cast, default)

        usual = cls()
        return cls(
            registry=read("LIGHTSHIP_REGISTRY", str, usual.registry),
            cache=CacheSettings.from_environment(source),
            default_model=read("LIGHTSHIP_DEFAULT_MODEL", str, usual.default_model),
            token=read("LIGHTSHIP_TOKEN", _token, usual.token),
            allow_anonymous=read("LIGHTSHIP_ALLOW_ANONYMOUS", _flag, usual.allow_anonymous),
            allow_admin=read("LIGHTSHIP_ALLOW_ADMIN", _flag, usual.allow_admin),
            max_body=read("LIGHTSHIP_MAX_BODY_BYTES", _positive, usual.max_body),
            max_answer=read("LIGHTSHIP_MAX_ANSWER_BYTES", _count, usual.max_answer),
            refresh=read("LIGHTSHIP_REFRESH_SECONDS", _seconds, usual.refresh),
            memory=read("LIGHTSHIP_MEMORY_MB", _count, usual.memory) * 1_000_000,
            response_cache=read("LIGHTSHIP_RESPONSE_CACHE_MB", _sizes, {}),
            threads=read("LIGHTSHIP_THREADS", _positive, usual.threads),
            batch_rows=read("LIGHTSHIP_BATCH_ROWS", _positive, usual.batch_rows),
            batch_window=read("LIGHTSHIP_BATCH_WINDOW_MS", _count, 0) / 1000,
            init_seconds=read("LIGHTSHIP_INIT_SECONDS", _seconds, usual.init_seconds),
            body_seconds=read("LIGHTSHIP_BODY_SECONDS", _seconds, usual.body_seconds),
            bodies=read("LIGHTSHIP_BODIES_MB", _megabytes, usual.bodies),
            connections=read("LIGHTSHIP_CONNECTIONS", _positive, usual.connections),
            idle_seconds=max(0.1, read("LIGHTSHIP_IDLE_SECONDS", _seconds, usual.idle_seconds)),
            allowed_hosts=read("LIGHTSHIP_ALLOWED_HOSTS", _names, usual.allowed_hosts),
            base_path=read("LIGHTSHIP_BASE_PATH", _base_path, usual.base_path),
            cors_origins=read("LIGHTSHIP_CORS_ORIGINS", _origins, usual.cors_origins),
            access_log=read("LIGHTSHIP_ACCESS_LOG", _flag, usual.access_log),
            metrics=read("LIGHTSHIP_METRICS", _flag, usual.metrics),
        )


def _read(source: Mapping[str, str], key: str, cast: Callable[[str], T], default: T) -> T:
    text = source.get(key, "")
    if not text:
        return default
    try:
        return cast(text)
    except ValueError as error:
        raise SettingError(f"{key} is {text!r}: it must be {error}") from None


def _token(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        # the value is a secret, so the sentence is without it
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


def _sizes(text: str) -> Mapping[str, int]:
    sizes = {}
    for word in filter(None, text.split(",")):
        name, separator, megabytes = word.strip().partition("=")
        if not separator or not megabytes.isdecimal():
            raise ValueError("a list like churn=10,digits=5: megabytes of answers to keep for each model")
        sizes[name] = int(megabytes) * 1_000_000
    return sizes
