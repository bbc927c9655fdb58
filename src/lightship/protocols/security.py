"""Headers that restrict what browsers do with a response."""

from __future__ import annotations

from collections.abc import Sequence

# For responses other than pages: nothing in them is loaded or run.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
# For reports: their own style sheet and images. The page itself permits that style sheet only.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def page_policy(origins: Sequence[str] = ()) -> str:
    """Return the policy of the web application.

    It runs scripts and WebAssembly of this server, has no inline script or style, and sends requests to this server and
    to ``origins``.
    """
    reachable = " ".join(("'self'", *origins))
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
        f"media-src 'self' blob:; connect-src {reachable}; worker-src 'self'; "
        "manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


def security_headers(policy: str) -> dict[str, str]:
    """Return the headers that restrict how browsers interpret a response.

    They prevent scripts, framing and content sniffing.
    """
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
    }
