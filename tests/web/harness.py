"""The page web/harness in a tab: the page's code for devices, called by tests."""

from __future__ import annotations

import base64
import functools
import http.server
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from playwright.sync_api import Browser, Page

from lightship.protocols.security import page_policy, security_headers
from lightship.tensors import Array
from tests.emulator import ROOT

WEB = ROOT / "web"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Sends files with the policy of the page."""

    extensions_map: ClassVar[dict[str, str]] = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        for name, value in security_headers(page_policy()).items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def harness_tab(chromium: Browser, registry: Path, folder: Path) -> Iterator[Page]:
    """Build and serve web/harness beside bundles, and yield a tab with it.

    ``registry`` is served as ``models/``; ``folder`` does not exist before.
    """
    command = [str(WEB / "node_modules" / ".bin" / "vite"), "build", "harness", "--outDir", str(folder)]
    subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    (folder / "models").symlink_to(registry)
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("() => globalThis.harness !== undefined")
        yield page
        page.close()
        server.shutdown()


def arrays(tensors: Mapping[str, Any]) -> dict[str, Array]:
    """Return the tensors that the page shows, by name."""
    return {name: _array(**each) for name, each in tensors.items()}


def _array(dtype: str, shape: list[int], bytes: Any) -> Array:
    if dtype == "string":
        found = np.empty(len(bytes), np.object_)
        found[:] = [base64.b64decode(text) for text in bytes]
        return found.reshape(shape)
    return np.frombuffer(base64.b64decode(bytes), dtype).reshape(shape)
