"""The exceptions that Lightship raises.

Each class carries a neutral ``code``. The command line translates it to an exit code and each protocol translates it
to an HTTP status, each in one place; no other module knows about these::

    LightshipError            internal
    ├── InvalidInput          invalid_input          a request or row that does not match the model's inputs
    ├── NotFound              not_found              no such model, version, signature or path
    │   └── UnknownLabel      unknown_label          the model has no version with this label
    ├── MethodNotAllowed      method_not_allowed     the path exists, but not with this HTTP method
    ├── UnsupportedMedia      unsupported_media      a body of a media type that the input does not accept
    ├── TooLarge              too_large              a body, image or response beyond its size limit
    ├── RangeNotSatisfiable   range_not_satisfiable  a range of bytes that begins after the end of a file
    ├── UrlTooLong            url_too_long           a path and query beyond their size limit
    ├── HeadersTooLarge       headers_too_large      more headers, or more bytes of headers, than the limit
    ├── BodyTimeout           body_timeout           a body that was not complete in time
    ├── Unauthenticated       unauthenticated        no token, or a wrong one
    ├── Forbidden             forbidden              the caller is not authorised for this request
    ├── Unavailable           unavailable            the model exists but cannot be served now
    │   ├── MissingExtra      unavailable            an optional package that is not installed
    │   └── MissingTransform  unavailable            a transform that is not allowed, absent or cannot be imported
    ├── Overloaded            overloaded             request bodies in memory have reached the limit: retry later
    ├── BundleError           bundle_invalid         a bundle that is corrupt, truncated, tampered with or too new
    ├── EngineError           engine_failed          the engine could not run this input
    ├── TransformError        transform_failed       a user's transform raised, or returned wrong arrays
    │   └── TransformTimeout  transform_failed       a user's transform did not return in time
    ├── RegistryError         registry_failed        a registry that cannot be read or written
    │   ├── UnreadableFile    registry_failed        a file of a registry that is a link, denied or too large
    │   ├── StateError        registry_failed        a model's state file that cannot be read or parsed
    │   ├── RoutingConflict   conflict               a change that the labels and traffic of a model do not allow
    │   └── ReadOnlyRegistry  registry_read_only     a registry that this process may not write
    ├── SettingError          setting_invalid        an environment variable or option with an invalid value
    └── CompileError          compile_failed         the source cannot be compiled to a bundle
        ├── SourceRefused     source_refused         not a model file, a broken one or one that is unsafe to open
        ├── ParityError       parity_failed          the compiled model does not agree with the original
        ├── TransformRefused  transform_failed       a user's transform fails in the compilation
        └── SandboxUnavailable sandbox_unavailable   this machine cannot sandbox the process that opens model files
"""

from __future__ import annotations

from operator import index


class LightshipError(Exception):
    """Base class of Lightship's exceptions; the message is for the user.

    ``detail`` is the text of a framework or engine, which a model file can influence: it is written to the log and
    shown in the operator's terminal, never in an HTTP response, a report or an event.
    """

    code = "internal"

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        super().__init__(*[message] if message else [])
        self.detail = detail

    @property
    def message(self) -> str:
        """Return the message to show."""
        return str(self.args[0]) if self.args else self.code


class InvalidInput(LightshipError):
    """A request or row that does not match the model's inputs.

    The message is the place, where it is known, and the reason: ``row 3, column 'age': the value is missing``, or ``row
    3, input 'text': the value is missing``.

    Attributes:
        reason: what was expected and what was received.
        input: name of the model's input, or "".
        row: index of the row, from 0; messages count rows from 1, without a header. None where no row is meant.
        column: name of the column, or "".
    """

    code = "invalid_input"
    input = ""
    row: int | None = None
    column = ""

    def __init__(
        self, reason: str = "", *, input: str = "", row: int | None = None, column: str = "", detail: str = ""
    ) -> None:
        super().__init__(reason, detail=detail)
        self.input = input
        self.row = None if row is None else index(row)
        self.column = column

    @property
    def reason(self) -> str:
        """Return the message without the place."""
        return super().message

    @property
    def message(self) -> str:
        """Return the message to show."""
        named = [
            "" if self.row is None else f"row {self.row + 1}",
            f"input '{self.input}'" if self.input else "",
            f"column '{self.column}'" if self.column else "",
        ]
        place = ", ".join(filter(None, named))
        return f"{place}: {self.reason}" if place else self.reason

    def __str__(self) -> str:
        return self.message

    def at(self, row: int | None) -> InvalidInput:
        """Return the same error with another row, or with none."""
        return InvalidInput(self.reason, input=self.input, row=row, column=self.column, detail=self.detail)

    def in_table(self) -> InvalidInput:
        """Return the same error of a table, where an input is a column."""
        return InvalidInput(self.reason, row=self.row, column=self.column or self.input, detail=self.detail)


class NotFound(LightshipError):
    """No such model, version, signature or path."""

    code = "not_found"


class UnknownLabel(NotFound):
    """The model has no version with this label."""

    code = "unknown_label"


class MethodNotAllowed(LightshipError):
    """The path exists, but not with this method; ``allowed`` lists its methods."""

    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed


class UnsupportedMedia(LightshipError):
    """A body of a media type that the input does not accept."""

    code = "unsupported_media"


class TooLarge(LightshipError):
    """A body, image or response beyond its size limit.

    The message has the size and the limit.
    """

    code = "too_large"


class RangeNotSatisfiable(LightshipError):
    """A range of bytes that begins after the end of a file of ``size`` bytes."""

    code = "range_not_satisfiable"

    def __init__(self, message: str, *, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


class UrlTooLong(LightshipError):
    """A path and query beyond their size limit."""

    code = "url_too_long"


class HeadersTooLarge(LightshipError):
    """More headers, or more bytes of headers, than the limit."""

    code = "headers_too_large"


class BodyTimeout(LightshipError):
    """A request body that was not complete in time."""

    code = "body_timeout"


class Unauthenticated(LightshipError):
    """No credentials, or wrong ones."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("this server requires a token: send the header Authorization: Bearer <token>")


class Forbidden(LightshipError):
    """The caller is not authorised for this request."""

    code = "forbidden"


class Unavailable(LightshipError):
    """The model exists but cannot be served now."""

    code = "unavailable"


class MissingExtra(Unavailable):
    """An optional package is not installed; the message names its extra."""


class MissingTransform(Unavailable):
    """A user's transform is not allowed, is absent or cannot be imported.

    ``detail`` names the exception and its line.
    """


class Overloaded(LightshipError):
    """Request bodies in memory have reached the limit. ``retry_after`` is in seconds."""

    code = "overloaded"
    retry_after = 1


class BundleError(LightshipError):
    """A bundle that is corrupt, truncated, tampered with or too new."""

    code = "bundle_invalid"


class EngineError(LightshipError):
    """The engine could not run an input that matches the signature."""

    code = "engine_failed"


class TransformError(LightshipError):
    """A user's transform raised an exception, or returned something else than it must.

    ``detail`` names the exception and its line; ``__cause__`` is the exception.
    """

    code = "transform_failed"


class TransformTimeout(TransformError):
    """A user's transform did not return in time."""


class RegistryError(LightshipError):
    """A registry that cannot be read or written."""

    code = "registry_failed"


class UnreadableFile(RegistryError):
    """A file of a registry that is a link or pipe, denied, or beyond its size limit.

    Other files of the registry are not affected.
    """


class StateError(RegistryError):
    """A model's state file that cannot be read or parsed.

    Other models of the registry are not affected.
    """


class RoutingConflict(RegistryError):
    """A change that a model's labels, traffic or history do not allow."""

    code = "conflict"


class ReadOnlyRegistry(RegistryError):
    """A registry that this process may read, and may not write."""

    code = "registry_read_only"


class SettingError(LightshipError):
    """An environment variable or option with an invalid value."""

    code = "setting_invalid"


class CompileError(LightshipError):
    """The source cannot be compiled to a bundle."""

    code = "compile_failed"


class SourceRefused(CompileError):
    """Not a model file, a broken one, or one that is unsafe to open."""

    code = "source_refused"


class ParityError(CompileError):
    """The compiled model does not agree with the original."""

    code = "parity_failed"


class TransformRefused(CompileError):
    """A user's transform cannot be imported, or fails in the compilation.

    ``detail`` names the exception and its line.
    """

    code = "transform_failed"


class SandboxUnavailable(CompileError):
    """This machine cannot sandbox the process that opens model files.

    The message names the missing feature. The file was not opened.
    """

    code = "sandbox_unavailable"
