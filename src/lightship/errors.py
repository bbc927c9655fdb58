"""Everything that can go wrong, as one tree.

Each class carries a neutral ``code``; the command line and every wire protocol translate it in one place of
their own, so that no room below them knows about HTTP statuses or exit codes::

    LightshipError            internal
    ├── InvalidInput          invalid_input          a request or a row that the model cannot take
    ├── NotFound              not_found              no such model, version, signature or path
    │   └── UnknownLabel      unknown_label          the model is there, a version with this label is not
    ├── MethodNotAllowed      method_not_allowed     the path exists, the method does not
    ├── UnsupportedMedia      unsupported_media      a body of a type that this input cannot be read from
    ├── TooLarge              too_large              a body, an image or an answer over its limit
    ├── UrlTooLong            url_too_long           a path and query over their limit
    ├── HeadersTooLarge       headers_too_large      more headers, or more bytes of them, than are read
    ├── BodyTimeout           body_timeout           a body that was not complete in time
    ├── Unauthenticated       unauthenticated        no token, or a wrong one
    ├── Forbidden             forbidden              a caller who may not do this, whatever he sends
    ├── Unavailable           unavailable            the model exists and cannot be served now
    │   └── MissingExtra      unavailable            an optional package that is not installed
    ├── Overloaded            overloaded             the server holds as many request bodies as it may: retry later
    ├── BundleError           bundle_invalid         a bundle that is corrupt, truncated, tampered or too new
    ├── EngineError           engine_failed          the engine could not run this input
    ├── RegistryError         registry_failed        a registry that cannot be read or written
    │   └── StateError        registry_failed        a model's state file that holds no state
    ├── SettingError          setting_invalid        an environment variable or option without sense
    └── CompileError          compile_failed         the source cannot become a bundle
        ├── SourceRefused     source_refused         a model file that is none, is broken or is not safe to open
        ├── ParityError       parity_failed          the compiled model does not agree with the original
        └── SandboxUnavailable sandbox_unavailable   this machine cannot confine the process that opens model files
"""


class LightshipError(Exception):
    """Base of every error that Lightship raises on purpose: its text is one sentence for the user.

    ``detail`` is what a framework or an engine said, which a model file can choose: for the log and for the terminal
    of the person who runs a command, never for an HTTP answer, a report or an event.
    """

    code = "internal"

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        super().__init__(*[message] if message else [])
        self.detail = detail

    @property
    def message(self) -> str:
        """The sentence to show."""
        return str(self.args[0]) if self.args else self.code


class InvalidInput(LightshipError):
    """A request or a row that the model cannot take: says which input, what was expected and what came."""

    code = "invalid_input"


class NotFound(LightshipError):
    """No such model, version, signature or path."""

    code = "not_found"


class UnknownLabel(NotFound):
    """The model is there, a version with this label is not."""

    code = "unknown_label"


class MethodNotAllowed(LightshipError):
    """The path exists, the method does not; ``allowed`` lists the methods that do."""

    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed


class UnsupportedMedia(LightshipError):
    """A body of a media type that this input cannot be read from."""

    code = "unsupported_media"


class TooLarge(LightshipError):
    """A body, an image or an answer over its limit: says the size and the limit."""

    code = "too_large"


class UrlTooLong(LightshipError):
    """A path and query over their limit."""

    code = "url_too_long"


class HeadersTooLarge(LightshipError):
    """More headers, or more bytes of them, than are read."""

    code = "headers_too_large"


class BodyTimeout(LightshipError):
    """A request body that was not complete in time."""

    code = "body_timeout"


class Unauthenticated(LightshipError):
    """No credentials, or wrong ones."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("this server wants a token: send the header Authorization: Bearer <token>")


class Forbidden(LightshipError):
    """A caller who may not do this, whatever he sends."""

    code = "forbidden"


class Unavailable(LightshipError):
    """The model exists and cannot be served now."""

    code = "unavailable"


class MissingExtra(Unavailable):
    """An optional package that is not installed: the message names the extra that installs it."""


class Overloaded(LightshipError):
    """The server holds as many request bodies as it may; ``retry_after`` is in seconds."""

    code = "overloaded"
    retry_after = 1


class BundleError(LightshipError):
    """A bundle that is corrupt, truncated, tampered with or written by a newer Lightship."""

    code = "bundle_invalid"


class EngineError(LightshipError):
    """The engine could not run an input that matches the signature."""

    code = "engine_failed"


class RegistryError(LightshipError):
    """A registry that cannot be read or written."""

    code = "registry_failed"


class StateError(RegistryError):
    """A model's state file that holds no state: the registry answers, and this model cannot be found in it."""


class SettingError(LightshipError):
    """An environment variable or an option whose value makes no sense."""

    code = "setting_invalid"


class CompileError(LightshipError):
    """The source cannot become a bundle."""

    code = "compile_failed"


class SourceRefused(CompileError):
    """A model file that is none, is broken, or is not safe to open."""

    code = "source_refused"


class ParityError(CompileError):
    """The compiled model does not agree with the original."""

    code = "parity_failed"


class SandboxUnavailable(CompileError):
    """This machine cannot confine the process that opens model files: names what it lacks. Nothing was opened."""

    code = "sandbox_unavailable"
