"""Requests for reports: pages and JSON, with their headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
import pytest

from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import MEASUREMENTS, classes, report
from tests.serve import Answers

CONTENT = report(classes(["no", "yes"]))
PATHS = ("/models/pair/report", "/models/pair/versions/1/report")

Ask = Callable[..., Response]


@pytest.fixture(scope="module", params=[0, 2], ids=["lambda", "server"])
def ask(
    request: pytest.FixtureRequest, registries: Registries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("reports")
    registry = with_report(registries.small, folder, content=CONTENT, measurements=MEASUREMENTS)
    with_report(registries.small, folder, model="modes", content='{"evaluation": 5}')
    with_report(registries.small, folder, model="roots", content={"evaluation": {"worst": [{}] * 3000}})
    answers = Answers(Registry(str(registry)), threads=request.param)
    yield asker(answers)
    answers.close()


def asker(answers: Answers) -> Ask:
    def ask(path: str, *, query: str = "", caller: str | None = "me", method: str = "GET", **headers: str) -> Response:
        return answers.answer(Request(method, path, query, headers, caller=caller))

    return ask


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["", "*/*", "text/html,application/xhtml+xml", "application/json;q=0.5, text/html"])
def test_report_is_page(ask: Ask, path: str, accept: str) -> None:
    response = ask(path, accept=accept)
    assert response.status == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert b"pair version 1" in response.body
    assert b"</html>" in response.body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("query", "accept"), [("", "application/json"), ("format=json", "text/html")])
def test_report_is_json_where_wanted(ask: Ask, path: str, query: str, accept: str) -> None:
    response = ask(path, query=query, accept=accept)
    assert response.headers["content-type"] == "application/json"
    expected = {"model": "pair", "version": 1, "report": CONTENT, "measurements": MEASUREMENTS}
    assert orjson.loads(response.body) == expected


def test_report_page_may_load_nothing(ask: Ask) -> None:
    headers = ask(PATHS[0]).headers
    policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["img-src"] == "data:"
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["vary"] == "accept"


@pytest.mark.parametrize(
    ("path", "query", "status", "named"),
    [
        ("/models/absent/report", "", 404, "'absent'"),
        ("/models/pair/versions/9/report", "", 404, "version 9"),
        ("/models/pair/versions/x/report", "", 404, "'x'"),
        ("/models/pair/report", "format=pdf", 400, "'pdf'"),
        ("/models/modes/report", "", 503, "report.json"),
        ("/models/roots/report", "", 503, "report.json"),
        ("/models/roots/report", "format=json", 503, "report.json"),
    ],
)
def test_report_request_mistake_is_named(ask: Ask, path: str, query: str, status: int, named: str) -> None:
    response = ask(path, query=query)
    assert response.status == status
    assert named in orjson.loads(response.body)["error"]["message"]


def test_report_requires_caller_and_get(ask: Ask) -> None:
    assert ask(PATHS[0], caller=None).status == 401
    assert ask(PATHS[0], method="POST").status == 405


def test_version_without_report_is_not_found(registries: Registries) -> None:
    response = asker(Answers(Registry(str(registries.small))))("/models/pair/report")
    assert response.status == 404
    assert "pair version 1 has no report" in orjson.loads(response.body)["error"]["message"]
