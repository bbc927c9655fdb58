"""Web pages have no access to the local AWS API, but by presigned URLs."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from lightship.local.cloud import Cloud, make_bucket
from lightship.local.template.parts import Bucket


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("cloud"))
    s3 = running.client("s3")
    make_bucket(s3, Bucket("box", versioned=False, events=False))
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"], "ExposeHeaders": ["ETag"]}
    make_bucket(s3, Bucket("pages", versioned=False, events=False, cors=(rule,)))
    s3.put_object(Bucket="box", Key="secret", Body=b"treasure")
    s3.close()
    yield running
    running.close()


def ask(
    cloud: Cloud, method: str, headers: dict[str, str], body: bytes = b"", *, path: str = "/box/secret"
) -> tuple[int, dict[str, str], bytes]:
    host, _, port = cloud.endpoint.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    credentials = {"Authorization": "Basic bG9jYWw6bG9jYWw="}
    connection.request(method, path, body=body or None, headers=credentials | headers)
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def secret(cloud: Cloud) -> bytes:
    s3 = cloud.client("s3")
    found = bytes(s3.get_object(Bucket="box", Key="secret")["Body"].read())
    s3.close()
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://page.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Host": "page.example"},
        {"Host": "127.0.0.1.page.example:8001"},
        {"Host": "[bad"},
    ],
    ids=str,
)
def test_aws_endpoint_request_of_web_page_is_refused(cloud: Cloud, headers: dict[str, str]) -> None:
    status, _, body = ask(cloud, "GET", headers)
    assert status == 403
    assert b"treasure" not in body
    assert ask(cloud, "PUT", headers, b"stolen")[0] == 403
    assert secret(cloud) == b"treasure"


def test_aws_endpoint_preflight_is_refused(cloud: Cloud) -> None:
    asked = {"Origin": "https://page.example", "Access-Control-Request-Method": "PUT"}
    status, headers, _ = ask(cloud, "OPTIONS", asked)
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:8001"},
        {"Host": "[::1]:8001"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        {"Host": "localhost", "Origin": "http://localhost"},
    ],
    ids=str,
)
def test_aws_endpoint_request_of_program_or_same_origin_page_is_answered(cloud: Cloud, headers: dict[str, str]) -> None:
    status, answered, body = ask(cloud, "GET", headers)
    assert (status, body) == (200, b"treasure")
    assert not [name for name in answered if name.startswith("access-control-")]


def _presigned(cloud: Cloud, operation: str, key: str, *, bucket: str = "box") -> str:
    s3 = cloud.client("s3")
    url: str = s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key})
    s3.close()
    return url.removeprefix(cloud.endpoint)


_PAGE = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}


def test_presigned_url_is_answered_to_page_of_local_api(cloud: Cloud) -> None:
    path = _presigned(cloud, "put_object", "sent", bucket="pages")
    asked = {**_PAGE, "Access-Control-Request-Method": "PUT"}
    status, headers, _ = ask(cloud, "OPTIONS", asked, path=path)
    assert (status, headers["access-control-allow-origin"]) == (200, _PAGE["Origin"])
    status, headers, _ = ask(cloud, "PUT", _PAGE, b"data", path=path)
    assert (status, headers["access-control-expose-headers"]) == (200, "ETag")
    path = _presigned(cloud, "get_object", "sent", bucket="pages")
    status, headers, body = ask(cloud, "GET", _PAGE, path=path)
    assert (status, headers["access-control-allow-origin"], body) == (200, _PAGE["Origin"], b"data")


@pytest.mark.parametrize("origin", ["https://page.example", "null", "http://localhost.page.example:8000"])
def test_presigned_url_is_refused_to_other_page(cloud: Cloud, origin: str) -> None:
    path = _presigned(cloud, "get_object", "secret")
    assert ask(cloud, "GET", {**_PAGE, "Origin": origin}, path=path)[0] == 403


def test_presigned_url_deletes_nothing_for_page(cloud: Cloud) -> None:
    path = _presigned(cloud, "delete_object", "secret")
    assert ask(cloud, "DELETE", _PAGE, path=path)[0] == 403
    assert secret(cloud) == b"treasure"
