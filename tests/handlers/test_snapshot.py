"""SnapStart: a function restored from a snapshot, under AWS's runtime client."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lightship.registry.registry import Registry
from lightship.serving.traffic import shadows
from tests.bundles import Registries, republish
from tests.emulator import ROOT
from tests.handlers.rotating import Rotating, Use, rotating
from tests.handlers.runtime_apis import ACCEPTED, ScriptedResponse, ScriptedRuntimeApi, event

COPIES = 200
RESTORED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
PREDICT = json.loads((ROOT / "events" / "predict.json").read_text())


def request(path: str, body: str = "") -> bytes:
    """Return an HTTP event without a request id, so that the function must draw one."""
    sent: dict[str, Any] = copy.deepcopy(PREDICT) | {"rawPath": path, "body": body}
    sent["requestContext"]["http"] |= {"path": path, "method": "POST" if body else "GET"}
    del sent["requestContext"]["requestId"]
    return event(json.dumps(sent).encode())


def environment(registry: str, api: ScriptedRuntimeApi) -> dict[str, str]:
    """Return the environment of a function that is initialised for a snapshot."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        "AWS_LAMBDA_FUNCTION_NAME": "predict",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "LIGHTSHIP_REGISTRY": registry,
        "LIGHTSHIP_DEFAULT_MODEL": "modes",
    }


def posted(api: ScriptedRuntimeApi) -> list[Any]:
    """Return what the function posted, in order."""
    return [json.loads(sent.body) for sent in api.requests if sent.line.startswith("POST")]


# Equal memory.


@pytest.fixture
def shadowed(tmp_path: Path, registries: Registries) -> Registry:
    """Return a registry whose model has a shadow version for half of the requests."""
    registry = Registry(str(tmp_path / "models"))
    for _ in range(2):
        republish(registry, registries.small / "modes" / "1", "modes")
    registry.change(
        "modes", lambda state: state.reroute(replace(state.routing, labels={"production": 1}, shadows={2: 0.5}))
    )
    return registry


def test_copies_of_one_snapshot_share_no_ids_and_no_random_numbers(shadowed: Registry) -> None:
    bodies = [json.dumps({"input": [number, 1]}) for number in range(COPIES)]
    draw, status = event(b'{"draw": true}'), request("/models/modes")
    each = [[request("/predict", body), ACCEPTED, draw, ACCEPTED, status, ACCEPTED] for body in bodies]
    program = f"from tests.handlers.snapshots import restore; restore({COPIES}, events=3)"
    with ScriptedRuntimeApi([RESTORED, *(answer for answers in each for answer in answers)]) as api:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment(shadowed.location, api),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    predicted, drawn, described = (posted(api)[first::3] for first in range(3))
    assert [json.loads(answer["body"]) for answer in predicted] == [[[2.0 * number, 2.0]] for number in range(COPIES)]
    assert len({answer["headers"]["x-correlation-id"] for answer in predicted}) == COPIES
    for name in ("random", "numpy", "folder"):
        assert len({values[name] for values in drawn}) == COPIES, name
    compared = [json.loads(answer["body"]).get("shadows", {"2": {"compared": 0}}) for answer in described]
    sampled = [2 in shadows(shadowed.state("modes"), body.encode()) for body in bodies]
    assert [counts["2"]["compared"] for counts in compared] == sampled
    assert COPIES // 3 < sum(sampled) < 2 * COPIES // 3


# The registry, connections and credentials of the time of the snapshot.


@dataclass
class Function:
    """The function with its models in S3, under ``python -m awslambdaric``.

    ``uses`` are the requests to S3 before and after the restoration.
    """

    registry: Registry
    s3: Rotating
    cache: Path
    uses: tuple[list[Use], list[Use]] = field(default_factory=lambda: ([], []))

    def answers(
        self, *events: ScriptedResponse, restored: Callable[[], None] = lambda: None, refresh: float = 3600
    ) -> list[tuple[int, str | None]]:
        """Return status and version of the answers to events after a restoration.

        ``restored`` is called while the function waits for it, ``refresh`` is as in the settings.
        """

        def restore() -> None:
            self.s3.wait_for_no_connection()
            self.s3.key = "AFTER"
            self.uses = self.s3.uses, []
            self.s3.uses = self.uses[1]
            restored()

        script = [ScriptedResponse(RESTORED, first=restore), *(each for event in events for each in (event, ACCEPTED))]
        with ScriptedRuntimeApi(script) as api:
            own = {"LIGHTSHIP_CACHE": str(self.cache), "LIGHTSHIP_REFRESH_SECONDS": str(refresh)}
            process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", "app.handler"],
                cwd=ROOT / "functions" / "predict",
                env=environment(self.registry.location, api) | self.s3.environment | own,
            )
            try:
                api.wait(requests=len(script) + 1)
            finally:
                process.kill()
                process.wait()
        return [(answer["statusCode"], answer["headers"].get("lightship-version")) for answer in posted(api)]


@pytest.fixture
def function(s3_registry: str, s3_endpoint: str, tmp_path: Path) -> Iterator[Function]:
    with rotating(s3_endpoint) as s3:
        yield Function(Registry(s3_registry), s3, tmp_path / "cache")


def predict(first: Callable[[], None] = lambda: None) -> ScriptedResponse:
    return ScriptedResponse(request("/predict", '{"input": [4, 9]}'), first=first)


def test_restored_function_uses_no_state_connection_or_credentials_of_snapshot(
    function: Function, registries: Registries
) -> None:
    republish(function.registry, registries.small / "modes" / "1", "modes")
    new_version = partial(republish, function.registry, registries.small / "roots" / "1", "modes")
    assert function.answers(predict(), predict(), restored=new_version) == [(200, "2"), (200, "2")]
    before, after = function.uses
    assert {use.key for use in before} == {"BEFORE"}
    assert {use.key for use in after} == {"AFTER"}
    assert {use.port for use in before}.isdisjoint(use.port for use in after)


def test_restored_function_keeps_loaded_version(function: Function, registries: Registries) -> None:
    republish(function.registry, registries.small / "modes" / "1", "modes")
    assert function.answers(predict(), predict()) == [(200, "1"), (200, "1")]
    before, after = ([use.path.partition("?")[0].rpartition("/")[2] for use in uses] for uses in function.uses)
    assert {"model.tflite", "golden.npz"} <= set(before)
    assert after == ["state.json"]


def test_restored_function_without_registry_does_not_answer_from_snapshot(
    function: Function, registries: Registries
) -> None:
    republish(function.registry, registries.small / "modes" / "1", "modes")
    denied, permitted = (partial(setattr, function.s3, "denies", value) for value in ("/", None))
    assert function.answers(predict(denied), predict(permitted), refresh=0) == [(503, None), (200, "1")]


def test_snapshot_of_empty_registry_serves_later_model(function: Function, registries: Registries) -> None:
    first_version = partial(republish, function.registry, registries.small / "modes" / "1", "modes")
    assert function.answers(predict(), restored=first_version) == [(200, "1")]


def test_restored_function_retries_failed_load(function: Function, registries: Registries) -> None:
    republish(function.registry, registries.small / "modes" / "1", "modes")
    function.s3.denies = "model.tflite"
    assert function.answers(predict(), restored=partial(setattr, function.s3, "denies", None)) == [(200, "1")]
