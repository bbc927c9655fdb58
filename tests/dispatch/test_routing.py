"""Changes of labels, traffic and mirrored versions over HTTP, and their history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.registry.state import Routing, State
from lightship.serving.serving import Options
from tests.app.asgi import ask as ask_app
from tests.bundles import Registries, republish
from tests.serve import WAYS, Answers, Way, core, fast_path, gateway

JSON = "application/json"
HOST = ("host", "localhost")
ENDS = ("label", "traffic", "mirror", "rollback")

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> Registry:
    """Return a registry of a model: version 1 doubles, others are roots, 3 withdrawn."""
    registry = Registry(str(tmp_path / "models"))
    for source in ("modes", "roots", "roots", "roots"):
        republish(registry, registries.small / source / "1", "m")
    registry.change("m", lambda state: state.withdraw(3))
    return registry


@pytest.fixture(params=[0, 2], ids=["lambda", "server"])
def answers(request: pytest.FixtureRequest, registry: Registry) -> Iterator[Answers]:
    made = Answers(registry, Options(refresh=3600), threads=request.param, allow_admin=True)
    yield made
    made.close()


@pytest.fixture
def ask(answers: Answers) -> Ask:
    def ask(end: str, body: Any = None, *, media_type: str = JSON, name: str = "m") -> tuple[int, Any]:
        data = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"content-type": media_type} if media_type else {}
        method = "GET" if body is None else "POST"
        response = answers.answer(Request(method, f"/models/{name}{end}", "", headers, data, "me"))
        return response.status, orjson.loads(response.body)

    return ask


def predicted(ask: Ask) -> Any:
    status, answer = ask("/predict", {"input": [4, 16]})
    assert status == 200
    return answer["version"], answer["predictions"]


def test_label_is_in_force_at_once(ask: Ask) -> None:
    assert predicted(ask) == (4, [[2.0, 4.0]])
    status, model = ask("/label", {"label": "production", "version": 1})
    assert (status, model["labels"], model["version"]) == (200, {"production": 1}, 1)
    assert model == ask("")[1]
    assert predicted(ask) == (1, [[8.0, 32.0]])
    status, model = ask("/label", {"label": "production", "version": None})
    assert (status, model["labels"], model["version"]) == (200, {}, 4)
    assert predicted(ask)[0] == 4


def test_traffic_split_is_in_force_at_once(ask: Ask) -> None:
    status, model = ask("/traffic", {"traffic": {"1": 100, "2": 0}})
    assert (status, model["traffic"]) == (200, {"1": 100.0})
    assert predicted(ask)[0] == 1
    assert ask("/traffic", {"traffic": {"1": 33.3, "2": 66.7}})[1]["traffic"] == {"1": 33.3, "2": 66.7}
    assert ask("/traffic", {"traffic": {}})[1]["traffic"] == {}
    assert predicted(ask)[0] == 4


def test_mirror_is_kept_beside_traffic(ask: Ask) -> None:
    assert ask("/mirror", {"version": 2, "fraction": 0.25})[1]["mirrored"] == {"2": 0.25}
    assert ask("/traffic", {"traffic": {"1": 50, "4": 50}})[1]["mirrored"] == {"2": 0.25}
    assert ask("/mirror", {"version": 2, "fraction": 0})[1]["mirrored"] == {}
    assert ask("/mirror", {"version": 2, "fraction": 0})[0] == 200


def test_rollback_restores_previous_and_named_entries(ask: Ask) -> None:
    ask("/label", {"label": "production", "version": 1})
    ask("/label", {"label": "production", "version": 2})
    assert ask("/rollback", {})[1]["labels"] == {"production": 1}
    assert ask("/rollback", {"to": 3})[1]["labels"] == {"production": 2}


def test_history_lists_changes_and_previous_entry(ask: Ask) -> None:
    assert ask("/history")[1]["previous"] is None
    ask("/label", {"label": "canary", "version": 2})
    ask("/traffic", {"traffic": {"1": 90, "2": 10}})
    ask("/mirror", {"version": 4, "fraction": 0.1})
    status, history = ask("/history")
    assert status == 200
    assert history["previous"] == 3
    newest, *others = history["entries"]
    assert newest.pop("at").endswith("Z")
    assert newest == {
        "number": 4,
        "change": "traffic 4=shadow:10%",
        "labels": {"canary": 2},
        "traffic": {"1": 90.0, "2": 10.0},
        "mirrored": {"4": 0.1},
        "current": True,
    }
    assert [each["number"] for each in others] == [3, 2, 1]
    assert [each["change"] for each in others[:2]] == ["traffic 1=90 2=10", "label canary 2"]
    assert [each["current"] for each in others] == [False] * 3
    assert others[2]["at"] is None


def test_history_has_no_previous_entry_of_withdrawn_version(ask: Ask, answers: Answers, registry: Registry) -> None:
    ask("/label", {"label": "production", "version": 2})
    ask("/label", {"label": "production", "version": 1})
    registry.change("m", lambda state: state.withdraw(2))
    answers.serving.cache.expire("m")
    assert ask("/history")[1]["previous"] is None
    status, answer = ask("/rollback", {})
    assert (status, answer["error"]["code"]) == (409, "conflict")


WRONG: list[tuple[str, Any]] = [
    ("label", {}),
    ("label", {"label": "production"}),
    ("label", {"version": 1}),
    ("label", {"label": "a b", "version": 1}),
    ("label", {"label": "x" * 65, "version": 1}),
    ("label", {"label": 5, "version": 1}),
    ("label", {"label": "production", "version": "1"}),
    ("label", {"label": "production", "version": True}),
    ("label", {"label": "production", "version": 0}),
    ("label", {"label": "production", "version": 1.5}),
    ("label", {"label": "production", "version": 1, "force": True}),
    ("traffic", {}),
    ("traffic", {"traffic": []}),
    ("traffic", {"traffic": {"1": 90}}),
    ("traffic", {"traffic": {"1": 90, "2": 11}}),
    ("traffic", {"traffic": {"1": 0}}),
    ("traffic", {"traffic": {"1": 110, "2": -10}}),
    ("traffic", {"traffic": {"1": "100"}}),
    ("traffic", {"traffic": {"1": True}}),
    ("traffic", {"traffic": {"01": 100}}),
    ("traffic", {"traffic": {"production": 100}}),
    ("traffic", {"traffic": {"9" * 30: 100}}),
    ("mirror", {"version": 2}),
    ("mirror", {"version": 2, "fraction": 1.1}),
    ("mirror", {"version": 2, "fraction": -0.1}),
    ("mirror", {"version": 2, "fraction": None}),
    ("mirror", {"version": None, "fraction": 0.1}),
    ("rollback", {"to": None}),
    ("rollback", {"to": 0}),
    ("rollback", {"entry": 1}),
    *((end, body) for end in ENDS for body in (b"", b"{", b"[]", b"null")),
]


@pytest.mark.parametrize(("end", "body"), WRONG)
def test_wrong_body_is_refused_and_changes_nothing(ask: Ask, registry: Registry, end: str, body: Any) -> None:
    status, answer = ask(f"/{end}", body)
    assert (status, answer["error"]["code"]) == (400, "invalid_input")
    assert registry.state("m").routing == Routing()


@pytest.mark.parametrize("version", [3, 9])
def test_unknown_and_withdrawn_versions_are_not_found(ask: Ask, registry: Registry, version: int) -> None:
    bodies = {
        "label": {"label": "production", "version": version},
        "traffic": {"traffic": {str(version): 100}},
        "mirror": {"version": version, "fraction": 0.5},
    }
    for end, body in bodies.items():
        status, answer = ask(f"/{end}", body)
        assert (status, answer["error"]["code"]) == (404, "not_found")
        assert f"version {version}" in answer["error"]["message"]
    assert ask("/mirror", {"version": version, "fraction": 0})[0] == 404
    assert registry.state("m").routing == Routing()


def test_absent_label_and_entry_are_not_found(ask: Ask) -> None:
    status, answer = ask("/label", {"label": "canary", "version": None})
    assert (status, answer["error"]["code"]) == (404, "unknown_label")
    assert ask("/rollback", {"to": 7})[0] == 404


@pytest.mark.parametrize("end", ENDS)
def test_unknown_model_is_not_found(ask: Ask, end: str) -> None:
    bodies = {"label": {"label": "a", "version": 1}, "traffic": {"traffic": {}}, "rollback": {}}
    status, answer = ask(f"/{end}", bodies.get(end, {"version": 1, "fraction": 0}), name="absent")
    assert (status, answer["error"]["code"]) == (404, "not_found")
    assert ask("/history", name="absent")[0] == 404


def test_version_with_traffic_is_not_mirrored_too(ask: Ask) -> None:
    ask("/traffic", {"traffic": {"1": 50, "2": 50}})
    assert ask("/mirror", {"version": 2, "fraction": 0.5})[0] == 409
    ask("/mirror", {"version": 4, "fraction": 0.5})
    assert ask("/traffic", {"traffic": {"4": 100}})[0] == 409


def test_rollback_without_earlier_entry_is_conflict(ask: Ask) -> None:
    status, answer = ask("/rollback", {})
    assert (status, answer["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("end", ENDS)
def test_media_type_of_forms_is_refused(ask: Ask, registry: Registry, end: str, media_type: str) -> None:
    status, answer = ask(f"/{end}", {"label": "production", "version": 1}, media_type=media_type)
    assert (status, answer["error"]["code"]) == (415, "unsupported_media")
    assert registry.state("m") == State(versions=(1, 2, 3, 4), withdrawn=frozenset({3}))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("way", WAYS)
def test_change_without_permission_is_forbidden(registry: Registry, way: Way, end: str) -> None:
    made = way(core(Path(registry.location), default_model="m"))
    done = ask_app(made, "POST", f"/models/m/{end}", body=[b"{}"], headers=[HOST, ("content-type", JSON)])
    assert (done.status, orjson.loads(done.body)["error"]["code"]) == (403, "forbidden")
    assert ask_app(made, "GET", "/models/m/history", headers=[HOST]).status == 200


@pytest.mark.parametrize("way", WAYS)
def test_change_from_another_site_is_refused(registry: Registry, way: Way) -> None:
    made = way(core(Path(registry.location), default_model="m", allow_admin=True))
    headers = [HOST, ("origin", "https://other.example"), ("content-type", JSON)]
    body = orjson.dumps({"label": "production", "version": 1})
    assert ask_app(made, "POST", "/models/m/label", body=[body], headers=headers[:1] + headers[2:]).status == 200
    local = core(Path(registry.location), default_model="m", allow_admin=True, allowed_hosts=("localhost",))
    assert ask_app(way(local), "POST", "/models/m/label", body=[body], headers=headers).status == 403


@pytest.mark.usefixtures("mangum_loop")
@pytest.mark.parametrize("fast", [True, False])
def test_lambda_handler_changes_label(registry: Registry, fast: bool) -> None:
    handler = gateway(core(Path(registry.location), default_model="m", allow_admin=True), fast=fast)
    event = {
        "version": "2.0",
        "rawPath": "/models/m/label",
        "rawQueryString": "",
        "headers": {"content-type": JSON, "host": "api.example"},
        "requestContext": {"http": {"method": "POST", "path": "/models/m/label"}, "stage": "$default"},
        "body": '{"label": "production", "version": 2}',
        "isBase64Encoded": False,
    }
    answer = handler(event, None)
    assert answer["statusCode"] == 200
    assert orjson.loads(answer["body"])["labels"] == {"production": 2}


RIGHT: list[tuple[str, Any]] = [
    ("label", {"label": "production", "version": 1}),
    ("label", {"label": "production", "version": None}),
    ("traffic", {"traffic": {"1": 90, "2": 10.0}}),
    ("traffic", {"traffic": {}}),
    ("mirror", {"version": 2, "fraction": 0.5}),
    ("rollback", {}),
    ("rollback", {"to": 1}),
]
# Wrong bodies that only the server refuses: the total of the shares.
TOTALS = ({"traffic": {"1": 90}}, {"traffic": {"1": 90, "2": 11}}, {"traffic": {"1": 0}})


def test_document_describes_changes_as_server_does(registry: Registry) -> None:
    made = core(Path(registry.location), default_model="m")
    described = orjson.loads(ask_app(fast_path(made), "GET", "/openapi.json", headers=[HOST]).body)

    def accepts(end: str, body: Any) -> bool:
        content = described["paths"][f"/models/{{name}}/{end}"]["post"]["requestBody"]["content"]
        return bool(Draft202012Validator(content[JSON]["schema"]).is_valid(body))

    assert [each for each in RIGHT if not accepts(*each)] == []
    wrong = [each for each in WRONG if isinstance(each[1], dict) and each[1] not in TOTALS]
    assert [each for each in wrong if accepts(*each)] == []
    for path in ("form", "history", "versions/{version}/form"):
        assert described["paths"][f"/models/{{name}}/{path}"]["get"]["responses"]["200"]
