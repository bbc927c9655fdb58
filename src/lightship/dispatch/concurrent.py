"""Dispatch on a long-running server: the synchronous steps, long ones in threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from lightship.calls import Call, Prediction
from lightship.dispatch.dispatcher import DEFAULT_READY, PREDICT, Dispatcher, check_size, decode, error_response
from lightship.dispatch.operations import OPERATIONS, Runs
from lightship.errors import BundleError
from lightship.protocols.http import Matched, Request, Response, Route
from lightship.serving.concurrent import ConcurrentServing
from lightship.serving.pool import Served

T = TypeVar("T")

# Encoding results of up to so many values takes less time than passing them to a thread.
_ENCODE_INLINE = 2_000


class ConcurrentDispatcher:
    """A dispatcher that does not block the event loop.

    Args:
        dispatcher: the operations, for the models of ``serving``.
        serving: the models, with threads.
    """

    def __init__(self, dispatcher: Dispatcher, serving: ConcurrentServing) -> None:
        self._dispatcher = dispatcher
        self._serving = serving

    async def answer(self, request: Request, matched: Matched | None = None) -> Response | None:
        """Return the response to a request; see :meth:`Dispatcher.answer`."""
        try:
            matched = matched or self._dispatcher.authorise(request)
            if matched is None:
                return None
            response = await self._run(request, matched)
            check_size(response, self._dispatcher.max_answer)
        except Exception as error:
            response = error_response(request, error)
        return response

    async def in_call_thread(self, work: Callable[[], T]) -> T:
        """Return the result of work that would block other requests, run in a thread."""
        return await self._serving.in_call_thread(work)

    async def _run(self, request: Request, matched: Matched) -> Response:
        if matched.route.operation == PREDICT:
            return await self._predict(request, matched)
        operation = OPERATIONS[matched.route.operation]
        run = partial(operation.run, self._dispatcher.context, request, matched)
        match operation.where:
            case Runs.READS:
                self._serving.retry_failed()
                if matched.route.operation == DEFAULT_READY:
                    await self._serving.read(self._serving.load_default_once)
                return await self._serving.read(run)
            case Runs.LOADS:
                return await self._serving.in_load_thread(partial(run, True))
            case Runs.CALLS:
                if matched.route.decode is not None:
                    await self._find(request, matched)  # a version is not loaded in a thread of calls
                return await self._serving.in_call_thread(partial(run, True))
        return run(True)

    async def _predict(self, request: Request, matched: Matched) -> Response:
        """Run a prediction; see :meth:`Dispatcher.respond`."""
        route, selector = matched.route, matched.selector
        served = await self._find(request, matched)
        call = await self._decode(request, route, served)
        result, headers = await self._serving.predict(served, call)
        response = await self._encode(route, Prediction(served.name, served.version, result))
        response.headers.update(headers)
        if self._serving.serving.cache.shadowed and not selector.explicit:
            self._serving.serving.shadow(served, result, key=request.traffic_key())
        return response

    async def _find(self, request: Request, matched: Matched) -> Served:
        try:
            return await self._serving.find(matched.selector, request.traffic_key)
        except BundleError:
            request.model = matched.selector.name or ""  # as in Dispatcher
            raise

    async def _decode(self, request: Request, route: Route, served: Served) -> Call:
        if len(request.body) < served.inline_bytes:
            return decode(request, route, served)
        return await self.in_call_thread(partial(decode, request, route, served))

    async def _encode(self, route: Route, prediction: Prediction) -> Response:
        if sum(array.size for array in prediction.result.outputs.values()) <= _ENCODE_INLINE:
            return route.encode(prediction)
        return await self.in_call_thread(partial(route.encode, prediction))
