"""No bytes make the server fail, hang, or say anything but what its protocol says of an error.

Some thousand requests a protocol, the same in every run. ``make fuzz FUZZ_SECONDS=600`` goes on for longer, from a seed
that it prints: ``FUZZ_SEED`` runs it again.
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
REQUESTS = 3000  # of each protocol, where no time is given

ECHO = 1_000  # bytes of an error: it may name what was sent, and never gives a body back
HANG = 10.0  # seconds that one request may take at most

# The shape of an error: the keys of the body, and of the value of "error" where that is an object.
SHAPES = {
    "native": ({"error"}, {"code", "message"}),
    "tfserving": ({"error"}, None),
    "openinference": ({"error"}, None),
    "mlflow": ({"error_code", "message"}, None),
}


class Hung(BaseException):
    """A request took too long. No ``except Exception`` on its way takes it for an error of its own."""


@contextmanager
def bounded() -> Iterator[None]:
    """Raise Hung where what is within takes longer than HANG seconds."""

    def ring(*_: Any) -> NoReturn:
        raise Hung(f"no answer after {HANG} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def cases(right: list[Sent]) -> Iterator[Sent]:
    """Mutated requests: so many, or for a test's share of the time that was given."""
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
    """The entry for a request: one for each default model, all of it loaded before requests are timed."""

    @cache
    def entry(default: str) -> Entry:
        folder = registries.examples if default in {"quickstart", "digits"} else registries.small
        made = core(folder, default_model=default, allow_admin=True, max_body=LIMIT)
        made.serving.start()
        return made.entry

    return lambda sent: entry(sent.default)


@pytest.mark.parametrize("protocol", RIGHT)
def test_what_is_mutated_was_right(entries: Entries, protocol: str) -> None:
    for sent in RIGHT[protocol]:
        response = asked(entries(sent), sent)
        assert isinstance(response, Response)
        assert response.status == 200, response.body


@pytest.mark.parametrize("protocol", RIGHT)
def test_no_request_gives_a_5xx(entries: Entries, protocol: str) -> None:
    seen: Counter[int] = Counter()
    for sent in cases(RIGHT[protocol]):
        response = asked(entries(sent), sent)
        if response is not None:  # else it is a path that is no protocol's
            check(response, sent, protocol)
            seen[response.status] += 1
    print(protocol, dict(seen))
    assert {200, 400, 413} <= seen.keys()  # else the requests are too wrong, or not wrong enough


def asked(entry: Entry, sent: Sent) -> Response | None:
    with bounded():
        try:
            return entry.answer(Request("POST", sent.path, "", sent.headers, sent.body))
        except Hung:
            pytest.fail(f"no answer to {sent!r:.3000}")


def check(response: Response, sent: Sent, protocol: str) -> None:
    """No 5xx; what says that it is JSON is; an error has its protocol's shape and is short."""
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


def test_every_datatype_is_decoded_as_itself_or_refused() -> None:
    """Of the Open Inference Protocol, whose binary data has all datatypes: the small models have four."""
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
