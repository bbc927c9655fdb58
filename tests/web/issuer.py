"""A small OpenID Connect issuer over HTTP that checks PKCE, for tests."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

FIELDS = ("grant_type", "code", "redirect_uri", "client_id", "code_verifier")


@dataclass
class Issuer:
    """An issuer that signs its only user in at once.

    Attributes:
        url: its address.
        token: the access token that it issues.
        refuses: whether the user cancels instead.
        codes: the queries of the authorization requests, by code.
        faults: what was wrong in requests for a token.
    """

    url: str
    token: str
    refuses: bool = False
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def authorize(self, query: Mapping[str, str]) -> str:
        """Return the address to send the browser back to."""
        returned = {"state": query["state"]}
        if self.refuses:
            returned |= {"error": "access_denied", "error_description": "the user cancelled"}
        else:
            returned["code"] = secrets.token_urlsafe(16)
            self.codes[returned["code"]] = query
        return f"{query['redirect_uri']}?{urlencode(returned)}"

    def exchange(self, form: Mapping[str, str]) -> dict[str, str]:
        """Return the token for a code; a code is valid once."""
        query = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if query is None:
            self.faults.append("unknown code")
        elif form.keys() != set(FIELDS) or query["code_challenge_method"] != "S256":
            self.faults.append(f"fields {sorted(form)}")
        elif challenge != query["code_challenge"] or form["redirect_uri"] != query["redirect_uri"]:
            self.faults.append("another verifier or address")
        else:
            return {"access_token": self.token, "token_type": "Bearer"}
        return {"error": "invalid_grant"}


class _Handler(BaseHTTPRequestHandler):
    issuer: Issuer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/authorize":
            self.send_response(302)
            self.send_header("location", self.issuer.authorize(_single(address.query)))
            self.send_header("content-length", "0")
            self.end_headers()
            return
        url = self.issuer.url
        self._answer({"issuer": url, "authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token"})

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        self._answer(self.issuer.exchange(_single(form)))

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""

    def _answer(self, record: Mapping[str, str]) -> None:
        body = json.dumps(record).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("access-control-allow-origin", "*")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _single(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}


@contextmanager
def issuing(token: str) -> Iterator[Issuer]:
    """Run an issuer of this token."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}", token)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"issuer": issuer})
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
