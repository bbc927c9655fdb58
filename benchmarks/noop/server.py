"""Minimal HTTP server, for the highest rate that the load generator can measure.

``python server.py PORT`` sends the same response to every request without parsing it.
"""

import selectors
import socket
import sys

RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n[[0.5]]"


def main(port: int) -> None:
    """Serve until killed."""
    listener = socket.create_server(("127.0.0.1", port))
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ, connection)
                elif not _respond(key.data):
                    selector.unregister(key.data)
                    key.data.close()


def _respond(connection: socket.socket) -> bool:
    """Send the response; return False if the client closed the connection."""
    try:
        received = bool(connection.recv(65536))
        if received:
            connection.sendall(RESPONSE)
    except ConnectionError:
        return False
    return received


if __name__ == "__main__":
    main(int(sys.argv[1]))
