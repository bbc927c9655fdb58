"""moto server that enforces IAM users and policies.

``python -m tests.compiler.iam`` prints its address and serves. After a POST of 0 to ``/moto-api/reset-auth`` every call
needs a permission. moto then returns XML errors for services with a JSON protocol, which their clients cannot parse:
they are converted to the JSON errors that AWS returns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

_CODES = {
    "AccessDenied": "AccessDeniedException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


class JsonErrors:
    """WSGI middleware that converts moto's XML errors to AWS's JSON errors."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        response = Response.from_app(self._application, environ)
        found = re.search(rb"<Code>(\w+)</Code>", response.get_data())
        if "X-Amz-Target" in Request(environ).headers and response.status_code >= 400 and found:
            kind = _CODES.get(found[1].decode(), found[1].decode())
            body = json.dumps({"__type": f"com.amazon.coral.service#{kind}", "message": ""})
            response = Response(body, 400, content_type="application/x-amz-json-1.0")
        return response(environ, start)


def main() -> None:
    """Print the address and serve until the process is terminated."""
    server = make_server("127.0.0.1", 0, JsonErrors(DomainDispatcherApplication(create_backend_app)), threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
