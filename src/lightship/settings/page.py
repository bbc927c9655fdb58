"""Settings of the web application."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from lightship.errors import SettingError
from lightship.settings.variables import read_variable

# The variables without which a server scores no files.
JOB_VARIABLES = (
    "LIGHTSHIP_BUCKET",
    "LIGHTSHIP_REGISTRY",
    "LIGHTSHIP_JOBS_TABLE",
    "LIGHTSHIP_SPLIT_QUEUE",
    "LIGHTSHIP_SCORE_QUEUE",
)


class PageSettings(NamedTuple):
    """The web application.

    Attributes:
        sign_in: ``LIGHTSHIP_SIGN_IN``: how people sign in: ``none``; ``token``, by a token in a field; ``jwt``, on the
            page of an issuer of tokens; ``iam``, not at all. Empty: ``token`` with LIGHTSHIP_TOKEN, else ``none``.
        issuer: ``LIGHTSHIP_SIGN_IN_ISSUER``: the URL of the issuer of ``jwt``.
        client: ``LIGHTSHIP_SIGN_IN_CLIENT``: the page's client id at the issuer.
        scope: ``LIGHTSHIP_SIGN_IN_SCOPE``: the scopes to ask the issuer for.
        origins: origins besides its own to which the page may send requests: that of the issuer, those of the buckets
            with files and models, and those of ``LIGHTSHIP_PAGE_ORIGINS``.
        jobs: whether the server scores files.
    """

    sign_in: str = ""
    issuer: str = ""
    client: str = ""
    scope: str = "openid"
    origins: tuple[str, ...] = ()
    jobs: bool = False

    @classmethod
    def from_environment(cls, source: Mapping[str, str]) -> PageSettings:
        """Read the variables; raises SettingError."""
        issuer = read_variable(source, "LIGHTSHIP_SIGN_IN_ISSUER", _url, "")
        given = read_variable(source, "LIGHTSHIP_PAGE_ORIGINS", _exact_origins, cls().origins)
        sign_in = read_variable(source, "LIGHTSHIP_SIGN_IN", _sign_in, "")
        client = source.get("LIGHTSHIP_SIGN_IN_CLIENT", "")
        if sign_in == "jwt" and not (issuer and client):
            raise SettingError("LIGHTSHIP_SIGN_IN=jwt needs LIGHTSHIP_SIGN_IN_ISSUER and LIGHTSHIP_SIGN_IN_CLIENT")
        issuers = (_origin(issuer),) if sign_in == "jwt" else ()
        return cls(
            sign_in,
            issuer,
            client,
            source.get("LIGHTSHIP_SIGN_IN_SCOPE") or "openid",
            tuple(dict.fromkeys((*issuers, *_bucket_origins(source), *given))),
            all(source.get(name) for name in JOB_VARIABLES),
        )

    def sign_in_of(self, token: str | None) -> dict[str, str]:
        """Return what the page needs to sign in, on a server with this token."""
        method = self.sign_in or ("none" if token is None else "token")
        if method != "jwt":
            return {"method": method}
        return {"method": method, "issuer": self.issuer, "client": self.client, "scope": self.scope}


def _bucket_origins(source: Mapping[str, str]) -> list[str]:
    """Return the origins of presigned URLs of the buckets with files and models."""
    scheme, _, location = source.get("LIGHTSHIP_REGISTRY", "").partition("://")
    buckets = [source.get("LIGHTSHIP_BUCKET", ""), location.partition("/")[0] if scheme == "s3" else ""]
    endpoint = source.get("AWS_ENDPOINT_URL_S3") or source.get("AWS_ENDPOINT_URL") or ""
    region = source.get("AWS_REGION") or source.get("AWS_DEFAULT_REGION") or "us-east-1"
    host = f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    origins = []
    for bucket in filter(None, buckets):
        if endpoint:
            origins.append(_origin(endpoint))
        else:  # a name with dots does not fit the certificate
            origins.append(f"https://{host}" if "." in bucket else f"https://{bucket}.{host}")
    return origins


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _exact_origins(text: str) -> tuple[str, ...]:
    origins = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    if not all(re.fullmatch(r"https?://[a-z0-9.\[\]:-]+", origin) for origin in origins):
        raise ValueError("a list of origins like https://a.example,http://localhost:3000 without paths")
    return origins


def _sign_in(text: str) -> str:
    if text not in {"none", "token", "jwt", "iam"}:
        raise ValueError("none, token, jwt or iam")
    return text


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[!-~]*)?", text):
        raise ValueError("a URL like https://id.example.org")
    return text
