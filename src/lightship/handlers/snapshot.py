"""Hooks of SnapStart: before the snapshot of a process, and after a start from it.

Lambda initialises a published version once, and starts each execution environment from a snapshot of that process, also
weeks later. Environments therefore begin with equal memory: equal states of random generators, and the registry's
state, connections and credentials of that time.

Lightship takes ids from the operating system, and routes and samples by the request, so that it keeps no random state.
Seeds are renewed for user code.
"""

from __future__ import annotations

import logging
import os
import random
import sys
from collections.abc import Iterator

import orjson

from lightship import aws
from lightship.calls import Prediction
from lightship.dispatch.dispatcher import Dispatcher, decode
from lightship.errors import LightshipError
from lightship.protocols.http import Request

_LOG = logging.getLogger(__name__)
_CALLER = "snapshot"


def register(dispatcher: Dispatcher) -> None:
    """Register the hooks with AWS's runtime, whose images have the package.

    Raises ImportError without it: if the hooks did not run, environments would draw equal random numbers.
    """
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    register_before_snapshot(before_snapshot, dispatcher)
    register_after_restore(after_restore, dispatcher)


def before_snapshot(dispatcher: Dispatcher) -> None:
    """Answer a recorded request, and drop what a snapshot must not hold.

    The request loads the default model, and imports what a request needs. A failure is logged and not raised, because
    the registry may be empty at the first deployment.
    """
    try:
        _warm_up(dispatcher)
    except LightshipError as error:
        _LOG.warning("the snapshot has no warm default model: %s", error.message)
    except Exception:
        _LOG.exception("the snapshot has no warm default model")
    _forget(dispatcher)


def after_restore(dispatcher: Dispatcher) -> None:
    """Renew the seeds of global random generators, and forget what is old.

    It calls no service, because a start fails if its hooks take ten seconds: the first request reads the registry, with
    new credentials.
    """
    random.seed(os.urandom(32))
    if "numpy.random" in sys.modules:
        from numpy import random as numpy_random

        numpy_random.seed()
    _forget(dispatcher)


def _forget(dispatcher: Dispatcher) -> None:
    """Forget what is known of the registry, and drop connections and credentials."""
    dispatcher.serving.forget()
    aws.disconnect()


def _warm_up(dispatcher: Dispatcher) -> None:
    """Take the steps of a prediction; it is not counted, and not mirrored to shadows."""
    serving = dispatcher.serving
    served = serving.load(serving.router.default_name())
    for request in _recorded(dispatcher, served.name):
        matched = dispatcher.authorise(request)
        assert matched is not None  # noqa: S101 - the native protocol has the path
        result = served.model.predict(decode(request, matched.route, served))
        matched.route.encode(Prediction(served.name, served.version, result))


def _recorded(dispatcher: Dispatcher, name: str) -> Iterator[Request]:
    """Yield the first recorded example that can be sent, as a request."""
    form = dispatcher.answer(Request("GET", f"/models/{name}/form", caller=_CALLER))
    examples = orjson.loads(form.body).get("examples", []) if form is not None else []
    for example in examples[:1]:
        yield Request("POST", f"/models/{name}/predict", body=orjson.dumps({"input": example}), caller=_CALLER)
