"""Credentials and region for obstore, found where boto3 finds them.

In this order: the environment; the container credentials endpoint, which Lambda functions with SnapStart use; a profile
of ``~/.aws``. Profiles that log in, assume a role or run a program are resolved by botocore, if it is installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from configparser import ConfigParser, Error
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lightship.aws.errors import ObjectsError
from lightship.errors import SettingError

# Host of relative container credential addresses, and hosts that may be asked over plain HTTP, as in AWS's SDKs.
_CONTAINER_HOST = "http://169.254.170.2"
_PLAIN_HOSTS = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "127.0.0.1", "::1"})
_CONTAINER_SECONDS = 2.0
_CONTAINER_BYTES = 65536
_TEMPORARY = timedelta(minutes=10)


class Credentials:
    """Provider of credentials for obstore, which asks again when they expire.

    Attributes:
        failure: the error of the last call: obstore only reports its text.
    """

    def __init__(self) -> None:
        self.failure: ObjectsError | SettingError | None = None

    def __call__(self) -> dict[str, Any]:
        """Return ``access_key_id``, ``secret_access_key``, ``token`` and ``expires_at``.

        Raises ObjectsError with botocore's name for the failure, or SettingError for a profile that does not exist.
        """
        try:
            self.failure = None
            return find(os.environ)
        except (ObjectsError, SettingError) as error:
            self.failure = error
            raise


def find(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return credentials as obstore expects them; see :meth:`Credentials.__call__`."""
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return _credential(key, secret, environ.get("AWS_SESSION_TOKEN"))
    if key or secret:
        raise _failure("PartialCredentialsError")
    if address := _container_address(environ):
        return _from_container(address, environ)
    return _from_profile(environ)


def region(environ: Mapping[str, str]) -> str:
    """Return the region: of the environment, else of the profile, else us-east-1."""
    found = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    return found or _settings(environ, "AWS_CONFIG_FILE", "config").get("region") or "us-east-1"


def _credential(key: str, secret: str, token: str | None, expires: datetime | None = None) -> dict[str, Any]:
    return {"access_key_id": key, "secret_access_key": secret, "token": token or None, "expires_at": expires}


def _container_address(environ: Mapping[str, str]) -> str:
    if path := environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        return f"{_CONTAINER_HOST}{path}"
    return environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")


def _from_container(address: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the credentials of a container credentials endpoint."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    try:
        url = urlsplit(address)
        if url.scheme != "https" and (url.scheme != "http" or url.hostname not in _PLAIN_HOSTS):
            raise _failure("CredentialRetrievalError")
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        with closing(connect(url.netloc, timeout=_CONTAINER_SECONDS)) as connection:
            target = url.path + (f"?{url.query}" if url.query else "")
            connection.request("GET", target, headers=_authorization(environ))
            with connection.getresponse() as response:
                found = json.loads(response.read(_CONTAINER_BYTES)) if response.status == 200 else {}
        expires = datetime.fromisoformat(found["Expiration"]).astimezone(UTC) if found.get("Expiration") else None
        return _credential(str(found["AccessKeyId"]), str(found["SecretAccessKey"]), found.get("Token"), expires)
    except (HTTPException, OSError, ValueError, TypeError, KeyError, AttributeError):
        raise _failure("CredentialRetrievalError") from None


def _authorization(environ: Mapping[str, str]) -> dict[str, str]:
    file = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    token = Path(file).read_text().strip() if file else environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    return {"Authorization": token} if token else {}


def _from_profile(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the credentials of a profile, by botocore if it is installed."""
    try:
        from botocore.exceptions import BotoCoreError, ProfileNotFound
        from botocore.session import Session
    except ImportError:
        values = _settings(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
        key, secret = values.get("aws_access_key_id"), values.get("aws_secret_access_key")
        if not (key and secret):
            raise _failure("NoCredentialsError") from None
        return _credential(key, secret, values.get("aws_session_token"))
    try:
        found = Session().get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except ProfileNotFound:
        raise SettingError(
            f"AWS_PROFILE is {environ.get('AWS_PROFILE', '')[:80]!r}: there is no such profile"
        ) from None
    except BotoCoreError as error:
        raise _failure(type(error).__name__) from None
    if frozen is None or not (frozen.access_key and frozen.secret_key):
        raise _failure("NoCredentialsError")
    # botocore renews temporary credentials ten minutes before they expire, so that they are asked for again by then.
    expires = datetime.now(UTC) + _TEMPORARY if frozen.token else None
    return _credential(frozen.access_key, frozen.secret_key, frozen.token, expires)


def _settings(environ: Mapping[str, str], variable: str, name: str) -> Mapping[str, str]:
    """Return the settings of the profile in one of AWS's files; empty without them."""
    file = Path(environ.get(variable) or f"~/.aws/{name}").expanduser()
    parser, profile = ConfigParser(interpolation=None), environ.get("AWS_PROFILE") or "default"
    try:
        parser.read(file)
    except (Error, UnicodeDecodeError, OSError):
        return {}
    prefixed = profile if name == "credentials" or profile == "default" else f"profile {profile}"
    return dict(parser[prefixed]) if parser.has_section(prefixed) else {}


def _failure(code: str) -> ObjectsError:
    return ObjectsError(code, "", "no AWS credentials were found")
