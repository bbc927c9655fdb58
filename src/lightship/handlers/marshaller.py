"""Lambda's events and results by orjson, many times as quick as by the runtime's own reader and writer of JSON.

AWS's runtime interface client leaves its marshaller to be replaced by a function's author (awslambdaric's
``BaseLambdaRuntimeClient.marshaller``). What orjson cannot read or write is left to the one that was there.
"""

from __future__ import annotations

from typing import Any

import orjson

_JSON = "application/json"


class Marshaller:
    """See ``awslambdaric.lambda_runtime_marshaller.LambdaMarshaller``, which is ``usual``.

    An event's integers beyond 64 bits become floats, and a result's NaN null: our results hold none.
    """

    def __init__(self, usual: Any) -> None:
        self._usual = usual

    def unmarshal_request(self, request: bytes | str, content_type: str = _JSON) -> Any:
        """An event from its JSON; raises the runtime's FaultException."""
        try:
            return orjson.loads(request) if content_type == _JSON else request
        except orjson.JSONDecodeError:
            return self._usual.unmarshal_request(request, content_type)

    def marshal_response(self, response: Any) -> tuple[bytes | str, str]:
        """A result as JSON and its media type; raises the runtime's FaultException."""
        try:
            return orjson.dumps(response), _JSON
        except orjson.JSONEncodeError:
            found: tuple[bytes | str, str] = self._usual.marshal_response(response)
            return found
