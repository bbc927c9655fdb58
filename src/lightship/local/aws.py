"""AWS's API emulated by moto: ``python -m lightship.local.aws FD``.

FD is the file descriptor of a listening socket. Connections stay open between requests, as those of AWS do; the server
of moto closes each one.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lightship.local import children
from lightship.local.guard import Guard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

# Requests at the same time: the functions' pollers wait for messages in some of them.
_THREADS = 64
# Seconds until an idle connection is closed: later than clients close it, which would lose a request otherwise.
_IDLE_SECONDS = 120


def main(listener: int) -> None:
    """Answer requests until the parent ends; all state is in this process's memory."""
    ended = threading.Event()
    children.watch_parent(lambda line: ended.set() if line is None else None)

    import uvicorn
    from a2wsgi import WSGIMiddleware
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    application = _with_raw_path(Guard(DomainDispatcherApplication(create_backend_app)))
    served: Any = WSGIMiddleware(application, workers=_THREADS)
    config = uvicorn.Config(
        served, lifespan="off", log_level="error", access_log=False, timeout_keep_alive=_IDLE_SECONDS
    )
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, args=[[socket.socket(fileno=listener)]], daemon=True).start()
    ended.wait()


def _with_raw_path(application: WSGIApplication) -> Any:
    """Pass the path as it was sent, from which moto reads the keys of objects."""

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        scope = environ["asgi.scope"]
        environ["RAW_URI"] = b"?".join(filter(None, (scope["raw_path"], scope["query_string"]))).decode("latin-1")
        return application(environ, start_response)

    return answer


if __name__ == "__main__":
    main(int(sys.argv[1]))
