"""The least that can be called an HTTP server: what the load generator can measure at most.

``python server.py PORT`` gives every request the same answer, without a look at it.
"""

import selectors
import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n[[0.5]]"


def main(port: int) -> None:
    """Answer until killed."""
    listener = socket.create_server(("127.0.0.1", port))
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ, connection)
                elif not _answered(key.data):
                    selector.unregister(key.data)
                    key.data.close()


def _answered(connection: socket.socket) -> bool:
    """Whether the client was still there."""
    try:
        asked = bool(connection.recv(65536))
        if asked:
            connection.sendall(ANSWER)
    except ConnectionError:
        return False
    return asked


if __name__ == "__main__":
    main(int(sys.argv[1]))
