"""The report of a version, as a page or as JSON."""

from __future__ import annotations

from urllib.parse import parse_qs

from lightship.errors import InvalidInput
from lightship.evaluation.report import check, render
from lightship.protocols.http import Matched, Request, Response
from lightship.serving.serving import Serving

_FORMATS = ("html", "json")


def report(serving: Serving, request: Request, matched: Matched) -> Response:
    """Return the report of the version that the path selects; raises LightshipError."""
    wanted = _format(request)
    selector = matched.selector
    found = serving.status.report(matched.parameters["name"], selector.version, selector.label)
    if wanted == "html":
        page = render(found.content, name=found.model, version=found.version, measurements=found.measurements)
        found = found._replace(page=page)
    else:
        check(found.content, found.measurements)
    return matched.route.encode(found)


def _format(request: Request) -> str:
    """Return the format in the query, else JSON for clients that accept no HTML.

    Raises InvalidInput for another one.
    """
    stated = parse_qs(request.query).get("format")
    if stated is None:
        accepted = request.headers.get("accept", "").lower()
        return "json" if "application/json" in accepted and "text/html" not in accepted else "html"
    if stated[-1] not in _FORMATS:
        raise InvalidInput(f"there is no format '{stated[-1][:40]}': a report is {' or '.join(_FORMATS)}")
    return stated[-1]
