from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import orjson
import pytest

from lightship.calls import Call, Result
from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.serving.cache import ResponseCache, cache_key
from lightship.serving.serving import Options, Serving
from lightship.tensors import Signature
from tests.bundles import Registries, republish

SIGNATURE = Signature("serving_default", (), ())


def call(value: float, **fields: str) -> Call:
    return Call({"x": np.full((1, 4), value, np.float32)}, **fields)  # type: ignore[arg-type]


def result(value: float, size: int = 4) -> Result:
    return Result(call(value), SIGNATURE, {"y": np.full((size,), value, np.float32)})


def test_cache_beyond_limit_drops_least_recently_used() -> None:
    cache = ResponseCache(1100)
    for number in range(3):
        cache.put(b"%d" % number, result(number))
    assert cache.get(b"1", call(1)) is not None
    cache.put(b"3", result(3))
    assert [cache.get(b"%d" % number, call(number)) is not None for number in range(4)] == [False, True, False, True]
    cache.put(b"large", result(9, size=1000))
    assert cache.get(b"large", call(9)) is None


def test_cache_keeps_only_counted_arrays() -> None:
    cache, asked = ResponseCache(10_000), call(1)
    batch = np.zeros((1000, 4), np.float32)
    kept = [weakref.ref(asked.inputs["x"]), weakref.ref(batch)]
    cache.put(b"key", Result(asked, SIGNATURE, {"y": batch[:1]}))
    del asked, batch
    assert [reference() for reference in kept] == [None, None]
    found = cache.get(b"key", call(2))
    assert found is not None
    assert found.outputs["y"].tolist() == [[0, 0, 0, 0]]


def test_cache_key_covers_everything_results_depend_on() -> None:
    words = np.array([b"a", b"bc"], dtype=object)
    calls = [
        call(1),
        call(2),
        Call({"x": np.full((4, 1), 1, np.float32)}),
        Call({"x": np.full((1, 4), 1, np.float64)}),
        Call({"y": np.full((1, 4), 1, np.float32)}),
        call(1, signature="other"),
        Call(call(1).inputs, outputs=("y",)),
        Call({"x": words}),
        Call({"x": np.array([b"ab", b"c"], dtype=object)}),
    ]
    keys = {cache_key("digest", one) for one in calls} | {cache_key("another", calls[0])}
    assert len(keys) == len(calls) + 1
    assert cache_key("digest", call(1)) == cache_key("digest", call(1))


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> Registry:
    registry = Registry(str(tmp_path / "models"))
    republish(registry, registries.small / "modes" / "1", "modes")
    return registry


def ask(service: Dispatcher, body: bytes) -> Response:
    response = service.answer(Request("POST", "/predict", body=body, caller="me"))
    assert response is not None
    return response


def test_response_header_has_hit_or_miss_regardless_of_json_formatting(registry: Registry) -> None:
    service = Dispatcher(Serving(registry, Options(caches={"modes": 10_000})))
    first, again, other = (
        ask(service, body) for body in (b'{"input": [1, 2]}', b'{"inputs":[[1.0,2]]}', b'{"input":[1,3]}')
    )
    assert [one.headers["lightship-cache"] for one in (first, again, other)] == ["miss", "hit", "miss"]
    assert first.body == again.body != other.body


def test_open_inference_statistics_have_hits_and_misses(registry: Registry) -> None:
    service = Dispatcher(Serving(registry, Options(caches={"modes": 10_000})))
    for _ in range(3):
        ask(service, b'{"input": [[1, 2], [3, 4]]}')
    response = service.answer(Request("GET", "/v2/models/modes/stats", caller="me"))
    assert response is not None
    (stats,) = orjson.loads(response.body)["model_stats"]
    counts = {name: entry["count"] for name, entry in stats["inference_stats"].items()}
    assert (stats["inference_count"], stats["execution_count"]) == (6, 1)
    assert (counts["success"], counts["compute_infer"], counts["cache_hit"], counts["cache_miss"]) == (3, 1, 2, 1)
    nanoseconds = {name: entry["ns"] for name, entry in stats["inference_stats"].items()}
    assert nanoseconds["success"] == nanoseconds["compute_infer"] + nanoseconds["cache_hit"]
    assert min(nanoseconds["cache_hit"], nanoseconds["cache_miss"]) > 0


def test_cache_of_other_version_is_not_used(registry: Registry, registries: Registries) -> None:
    service = Dispatcher(Serving(registry, Options(caches={"modes": 10_000}, refresh=0)))
    assert orjson.loads(ask(service, b'{"input": [4, 9]}').body) == [[8, 18]]
    republish(registry, registries.small / "roots" / "1", "modes")
    second = ask(service, b'{"input": [4, 9]}')
    assert (second.headers["lightship-cache"], orjson.loads(second.body)) == ("miss", [[2, 3]])


def test_response_without_cache_has_no_header(registry: Registry) -> None:
    assert "lightship-cache" not in ask(Dispatcher(Serving(registry)), b'{"input": [1, 2]}').headers
