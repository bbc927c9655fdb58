"""AWS errors as sentences.

boto3 and obstore need not be installed: errors of boto3 are recognised by the names of their classes, and those of
obstore become :class:`ObjectsError`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

# Names of botocore's errors when a service does not respond.
NO_RESPONSE = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "SSLError",
    }
)

# S3's error codes, or the HTTP status where a response has no body: the object or its version does not exist; reading
# is denied; a precondition failed, or a concurrent conditional write is in progress.
MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
DENIED = frozenset({"AccessDenied", "403"})
CONFLICT = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})

# Suffixes of the host names of AWS's own endpoints.
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

_LOG_IN = "log in again, for example with `aws sso login`"
_NO_CREDENTIALS = "there are no AWS credentials: log in with the AWS command line, or set AWS_PROFILE"
_NO_NETWORK = "AWS does not answer: check the network and the endpoint"
_OTHER_REGION = "the bucket is in another region than AWS_DEFAULT_REGION"

# Explanation by error code of S3, SQS, DynamoDB or STS, or by name of a boto3 exception class.
_EXPLANATIONS = {
    **dict.fromkeys(NO_RESPONSE, _NO_NETWORK),
    **dict.fromkeys(("NoCredentialsError", "CredentialRetrievalError"), _NO_CREDENTIALS),
    "PartialCredentialsError": "the AWS credentials are incomplete: set access key and secret key together",
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"),
        f"the AWS credentials have expired: {_LOG_IN}",
    ),
    **dict.fromkeys(
        ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "LoginRefreshRequired"),
        f"the AWS session has expired: {_LOG_IN}",
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken"),
        "AWS rejected these credentials: check AWS_PROFILE and AWS_ACCESS_KEY_ID",
    ),
    **dict.fromkeys(
        ("SignatureDoesNotMatch", "InvalidSignatureException"), "the secret key does not belong to the access key"
    ),
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "AuthorizationError", "403"),
        "the credentials do not allow this operation: ask for the permission, or use other credentials",
    ),
    "NoSuchBucket": "there is no such bucket",
    **dict.fromkeys(
        ("PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException", "301"), _OTHER_REGION
    ),
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "NoRegionError": "no AWS region is set: set AWS_DEFAULT_REGION",
    "RequestTimeTooSkewed": "this machine's clock differs from AWS's by more than AWS accepts: set the clock",
    **dict.fromkeys(
        ("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "503"),
        "AWS throttles the requests: try again later",
    ),
    **dict.fromkeys(("InternalError", "InternalFailure", "500"), "AWS had an internal error: try again later"),
    "ResourceNotFoundException": "there is no such table or resource in this account and region",
}


class ObjectsError(Exception):
    """A request for an object or a listing that S3 refused or did not answer.

    Attributes:
        code: AWS's error code or the HTTP status; where there was no answer, the name of botocore's error for it.
        operation_name: the operation, as ``GetObject``.
        region: the bucket's region, where S3 names it.
        kwargs: ``endpoint_url``, as botocore's errors have it.
    """

    def __init__(self, code: str, operation: str, message: str, *, region: str = "", endpoint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.operation_name = operation
        self.region = region
        self.kwargs = {"endpoint_url": endpoint}


def code(error: BaseException) -> str:
    """Return the AWS error code, or the exception's class name without a response."""
    if isinstance(error, ObjectsError):
        return error.code
    response: Any = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def reason(error: BaseException) -> str:
    """Return what went wrong, the remedy and the code.

    Example: ``there is no such bucket (NoSuchBucket)``. Returns the code alone where it has no explanation here. Never
    AWS's own message, which can name accounts and roles.
    """
    found = code(error)
    words = _EXPLANATIONS.get(found)
    if words is None:
        return found
    found_region = region(error) if words is _OTHER_REGION else ""
    return f"{words}{f': set AWS_DEFAULT_REGION={found_region}' if found_region else ''} ({found})"


def detail(error: BaseException) -> str:
    """Return AWS's own message of an error that has no explanation here, else "".

    It is for the log and the terminal only.
    """
    return "" if code(error) in _EXPLANATIONS else " ".join(str(error).split())


def advice(error: BaseException | None) -> str:
    """Return advice on a custom endpoint that does not respond, to end a sentence.

    Empty for any other error.
    """
    endpoint = _endpoint(error) if error is not None and code(error) in NO_RESPONSE else ""
    if not endpoint or endpoint.endswith(_AWS_HOSTS):
        return ""
    return (
        f"; AWS_ENDPOINT_URL is {endpoint}: if that was a `lightship up` that has ended, its variables are still set "
        "in this terminal: open another terminal, or `unset AWS_ENDPOINT_URL LIGHTSHIP_REGISTRY`"
    )


def _endpoint(error: BaseException | None) -> str:
    """Return scheme and host of the endpoint in a botocore error; empty without one."""
    fields: Any = getattr(error, "kwargs", None) or {}
    address = urlsplit(str(fields.get("endpoint_url") or ""))
    return f"{address.scheme}://{address.netloc}" if address.netloc else ""


def describe(error: BaseException) -> str | None:
    """Return one sentence on an error of an AWS service; None for other errors."""
    origins = {base.__module__.partition(".")[0] for base in type(error).__mro__}
    if not isinstance(error, ObjectsError) and not origins & {"boto3", "botocore", "s3transfer"}:
        return None
    operation = getattr(error, "operation_name", "")
    called = f"{operation} failed: " if operation else ""
    sentence = f"{called}{detail(error) or reason(error)}{advice(error)}"
    return sentence if sentence.startswith("AWS ") else f"AWS: {sentence}"


def region(error: BaseException) -> str:
    """Return the region that S3 names in an error; empty where it names none."""
    if isinstance(error, ObjectsError):
        return error.region
    response: Any = getattr(error, "response", None) or {}
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(response.get("Error", {}).get("Region") or headers.get("x-amz-bucket-region") or "")
