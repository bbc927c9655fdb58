"""The answer to browsers at ``/`` where the page has not been built."""

from __future__ import annotations

import base64
import hashlib

from lightship.protocols.http import Response

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 36rem; margin: 4rem auto; padding: 0 1rem;
  background: light-dark(#f7f9fa, #10171d); color: light-dark(#15202a, #e8eef2) }
main { padding: 1.5rem; border: 1px solid light-dark(#cfd8de, #35444f); border-radius: 10px;
  background: light-dark(#fff, #19232b) }
h1 { margin-top: 0 }
a { color: light-dark(#0b5f8a, #6cc1ee) }
code { padding: 0.1rem 0.4rem; border-radius: 4px; background: light-dark(#eef2f4, #223039) }
"""
_HTML = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lightship</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Lightship</h1>
<p>This server runs without its web page: build it with <code>make web</code>, then reload.</p>
<p>The API is complete: see <a href="docs">its documentation</a>.</p>
</main>
</body>
</html>
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# This style sheet and nothing else.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def respond() -> Response:
    """Return a page that says how to build the page; 503, so that it is not kept."""
    return Response(503, _HTML.encode(), {"content-type": "text/html; charset=utf-8"})
