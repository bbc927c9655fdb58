"""AWS's API emulated by moto: ``python -m lightship.local.aws FD``.

FD is the file descriptor of a listening socket.
"""

from __future__ import annotations

import logging
import sys
import threading

from lightship.local import children
from lightship.local.guard import Guard


def main(listener: int) -> None:
    """Answer requests until the parent ends; all state is in this process's memory."""
    ended = threading.Event()
    children.watch_parent(lambda line: ended.set() if line is None else None)

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise it logs every request
    application = Guard(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler, fd=listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ended.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
