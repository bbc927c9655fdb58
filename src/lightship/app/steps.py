"""The entry's steps as coroutines: long ones in threads, where there are threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from lightship.app.core import Core
from lightship.dispatch.concurrent import ConcurrentDispatcher
from lightship.dispatch.encodings import SMALLEST, compress
from lightship.dispatch.inflate import inflate
from lightship.protocols.http import Matched, Request, Response

T = TypeVar("T")

# Inflating smaller bodies, and compressing smaller responses, takes less time than passing them to a thread.
_INFLATE_INLINE = 1024  # which inflate to a mebibyte at most
_COMPRESS_INLINE = 16 * 1024


class Steps:
    """Decompression, dispatch and compression that do not block an event loop.

    Args:
        core: settings, models and entry.
    """

    def __init__(self, core: Core) -> None:
        self._entry = core.entry
        self._serving = core.server.serving if core.server else None
        self._dispatcher = ConcurrentDispatcher(core.entry.dispatcher, self._serving) if self._serving else None

    async def inflate(self, request: Request) -> bool:
        """Decompress a request's body; return whether it was compressed.

        Raises TooLarge, UnsupportedMedia or InvalidInput.
        """
        if "content-encoding" not in request.headers and len(request.body) <= self._entry.max_body:
            return False
        work = partial(inflate, request.body, request.headers, self._entry.max_body)
        request.body = work() if len(request.body) <= _INFLATE_INLINE else await self.in_call_thread(work)
        return True

    async def respond(self, request: Request, matched: Matched) -> Response:
        """Return the response to a request of a protocol; never raises.

        The response is compressed where the client accepts that.
        """
        if self._dispatcher is None:
            response = self._entry.dispatcher.answer(request, matched)
        else:
            response = await self._dispatcher.answer(request, matched)
        assert response is not None  # noqa: S101 - it has a route
        accepted = request.headers.get("accept-encoding")
        if not accepted or len(response.body) <= SMALLEST:
            return response
        work = partial(compress, response, accepted)
        return work() if len(response.body) <= _COMPRESS_INLINE else await self.in_call_thread(work)

    async def read(self, report: Callable[[bool], T]) -> T:
        """Return a report on the registry; see :meth:`ConcurrentServing.read`."""
        return report(True) if self._serving is None else await self._serving.read(report)

    async def in_call_thread(self, work: Callable[[], T]) -> T:
        """Return the result of work that would block other requests, run in a thread."""
        return work() if self._serving is None else await self._serving.in_call_thread(work)
