"""Test that no request makes the server fail, hang or break the protocol's format.

The default is 3,000 requests of each protocol, the same in every run. ``make fuzz FUZZ_SECONDS=600`` runs longer, with
a random seed that it prints; ``FUZZ_SEED`` repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NoReturn

import pytest

from lightship.bundle import Manifest
from lightship.dispatch.entry import Entry
from lightship.errors import LightshipError
from lightship.protocols.http import Request, Response
from lightship.protocols.openinference.binary import DATATYPES, to_bytes
from lightship.protocols.openinference.infer import decode_infer
from lightship.tensors import DTYPES, Signature, TensorSpec
from tests.bundles import Registries
from tests.protocols.mutations import LIMIT, mutated
from tests.protocols.openinference_cases import VALUES, array_of
from tests.protocols.right_requests import RIGHT, Sent, as_v2, tensor
from tests.serve import core

SECONDS = float(os.environ.get("FUZZ_SECONDS") or 0)
SEED = int(os.environ.get("FUZZ_SEED") or (time.time_ns() if SECONDS else 7))
REQUESTS = 3000  # of each protocol, unless FUZZ_SECONDS is set

ECHO = 1_000  # maximum bytes of an error: it may name values of a request, but must not return the body
HANG = 10.0  # maximum seconds of a request

# The format of an error: the keys of the body, and of the value of "error" if that is an object.
SHAPES = {
    "native": ({"error"}, {"code", "message"}),
    "tfserving": ({"error"}, None),
    "openinference": ({"error"}, None),
    "mlflow": ({"error_code", "message"}, None),
}


class Hung(BaseException):
    """A request took too long. Not an Exception, so that no handler catches it."""


@contextmanager
def bounded() -> Iterator[None]:
    """Raise Hung if the block takes longer than HANG seconds."""

    def ring(*_: Any) -> NoReturn:
        raise Hung(f"no response after {HANG} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def cases(right: list[Sent]) -> Iterator[Sent]:
    """Yield mutated requests: a fixed number, or for the test's share of FUZZ_SECONDS."""
    print(f"FUZZ_SEED={SEED}")
    chance = random.Random(SEED)
    ends = time.monotonic() + SECONDS / (len(RIGHT) + 1)
    count = 0
    while time.monotonic() < ends if SECONDS else count < REQUESTS:
        yield mutated(chance, chance.choice(right))
        count += 1


Entries = Callable[[Sent], Entry]


@pytest.fixture(scope="module")
def entries(registries: Registries) -> Entries:
    """Return the entry for a request: one per default model, with all models loaded."""

    @cache
    def entry(default: str) -> Entry:
        folder = registries.examples if default in {"quickstart", "digits"} else registries.small
        made = core(folder, default_model=default, allow_admin=True, max_body=LIMIT)
        made.serving.start()
        return made.entry

    return lambda sent: entry(sent.default)


@pytest.mark.parametrize("protocol", RIGHT)
def test_valid_request_is_answered(entries: Entries, protocol: str) -> None:
    for sent in RIGHT[protocol]:
        response = asked(entries(sent), sent)
        assert isinstance(response, Response)
        assert response.status == 200, response.body


@pytest.mark.parametrize("protocol", RIGHT)
def test_mutated_request_is_never_5xx(entries: Entries, protocol: str) -> None:
    seen: Counter[int] = Counter()
    for sent in cases(RIGHT[protocol]):
        response = asked(entries(sent), sent)
        if response is not None:  # None: the path belongs to no protocol
            check(response, sent, protocol)
            seen[response.status] += 1
    print(protocol, dict(seen))
    assert {200, 400, 413} <= seen.keys()  # or the mutations change too much or too little


def asked(entry: Entry, sent: Sent) -> Response | None:
    with bounded():
        try:
            return entry.answer(Request("POST", sent.path, "", sent.headers, sent.body))
        except Hung:
            pytest.fail(f"no answer to {sent!r:.3000}")


def check(response: Response, sent: Sent, protocol: str) -> None:
    """Check that a response is no 5xx and valid JSON, and an error is well formed."""
    shown = f"{response.status} {response.body[:300]!r} to {sent!r:.3000}"
    assert response.status < 500, shown
    if response.headers["content-type"] == "application/json":
        record = json.loads(response.body)
        if response.status != 200 and sent.path.startswith(PREFIXES[protocol]):
            outer, inner = SHAPES[protocol]
            assert record.keys() == outer, shown
            assert inner is None or record["error"].keys() == inner, shown
            assert len(response.body) < ECHO, shown


PREFIXES = {
    "native": ("/predict", "/models"),
    "tfserving": ("/v1/",),
    "openinference": ("/v2",),
    "mlflow": ("/invocations",),
}


def test_mutated_tensor_of_each_datatype_is_decoded_or_refused() -> None:
    """Cover the datatypes that the small models do not have."""
    right = []
    for dtype in DTYPES:
        data = to_bytes(array_of(dtype))
        right += [as_v2(dtype, tensor(dtype, DATATYPES[dtype], [2, 2], VALUES[dtype]))]
        right += [as_v2(dtype, tensor(dtype, DATATYPES[dtype], [2, 2], size=len(data)), tail=data)]
    decoded = 0
    for sent in cases(right):
        dtype = sent.path.removeprefix("/v2/models/").removesuffix("/infer")
        if dtype not in DTYPES:
            continue
        spec = TensorSpec(dtype, dtype, (None, 2))
        manifest = Manifest("litert", (Signature("serving_default", (spec,), (spec,)),), {})
        with bounded():
            try:
                call = decode_infer(Request("POST", sent.path, "", sent.headers, sent.body), manifest)
            except LightshipError:
                continue
        array = call.inputs[dtype]
        assert array.dtype == spec.numpy
        assert array.ndim == 2
        decoded += 1
    assert decoded
