"""Requests for files of a version: digests, conditions, ranges and refusals."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from lightship import protocols
from lightship.bundle import DEVICE, MANIFEST, MODEL, Bundle
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.dispatch.device_registry import ASSET, publish
from tests.serve import Answers

PAIR = "/models/pair/versions/1"

Ask = Callable[..., Response]


@pytest.fixture(scope="module")
def published(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return publish(registries, str(tmp_path_factory.mktemp("devices")))


@pytest.fixture(scope="module", params=[0, 2], ids=["lambda", "server"])
def ask(request: pytest.FixtureRequest, published: Bundle) -> Iterator[Ask]:
    answers = Answers(Registry(str(published.path.parents[1])), threads=request.param)
    yield asker(answers)
    answers.close()


def asker(answers: Answers) -> Ask:
    def ask(path: str, *, caller: str | None = "me", method: str = "GET", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return answers.answer(Request(method, path, "", named, caller=caller)).in_memory()

    return ask


@pytest.mark.parametrize("prefix", ["/models/pair", PAIR])
@pytest.mark.parametrize("name", [MODEL, DEVICE, MANIFEST, "assets/words.txt"])
def test_file_has_digest_of_manifest(ask: Ask, published: Bundle, prefix: str, name: str) -> None:
    response = ask(f"{prefix}/{name}")
    digest = hashlib.sha256(response.body)
    assert response.status == 200
    assert response.body == (published.path / name).read_bytes()
    assert digest.hexdigest() == published.manifest.files.get(name, published.digest)
    assert response.headers["etag"] == f'"{digest.hexdigest()}"'
    encoded = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert response.headers["content-digest"] == response.headers["repr-digest"] == encoded
    assert response.headers["content-length"] == str(len(response.body))


def test_file_of_version_is_cached_and_of_default_version_revalidated(ask: Ask) -> None:
    assert "immutable" in ask(f"{PAIR}/{DEVICE}").headers["cache-control"]
    assert "no-cache" in ask(f"/models/pair/{DEVICE}").headers["cache-control"]


@pytest.mark.parametrize("tags", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_file_with_equal_etag_is_unchanged(ask: Ask, published: Bundle, tags: str) -> None:
    response = ask(f"{PAIR}/{DEVICE}", if_none_match=tags.format(published.manifest.files[DEVICE]))
    assert (response.status, response.body) == (304, b"")


def test_file_with_another_etag_is_sent(ask: Ask) -> None:
    assert ask(f"{PAIR}/{DEVICE}", if_none_match='"other"').status == 200


WORDS = f"{PAIR}/assets/words.txt"
TAG = f'"{hashlib.sha256(ASSET).hexdigest()}"'

RANGES = [
    ("bytes=0-4", b"quick", "bytes 0-4/12"),
    ("bytes=6-", b"brown\n", "bytes 6-11/12"),
    ("bytes=-6", b"brown\n", "bytes 6-11/12"),
    ("bytes=-600", ASSET, "bytes 0-11/12"),
    ("bytes=6-600", b"brown\n", "bytes 6-11/12"),
    ("Bytes=11-11", b"\n", "bytes 11-11/12"),
]


@pytest.mark.parametrize(("wanted", "body", "content"), RANGES)
def test_range_gives_part(ask: Ask, wanted: str, body: bytes, content: str) -> None:
    response = ask(WORDS, range=wanted, if_range=TAG)
    assert (response.status, response.body, response.headers["content-range"]) == (206, body, content)
    assert response.headers["content-length"] == str(len(body))
    assert "content-digest" not in response.headers


@pytest.mark.parametrize("wanted", ["bytes=12-", "bytes=40-50", "bytes=-0"])
def test_range_after_end_is_refused_with_size(ask: Ask, wanted: str) -> None:
    response = ask(WORDS, range=wanted)
    assert (response.status, response.headers["content-range"]) == (416, "bytes */12")
    assert orjson.loads(response.body)["error"]["code"] == "range_not_satisfiable"


@pytest.mark.parametrize(
    "headers",
    [
        {"range": "bytes=0-1,4-5"},
        {"range": "rows=0-1"},
        {"range": "bytes=5-2"},
        {"range": "bytes=-"},
        {"range": "bytes=a-b"},
        {"range": "bytes=0-1", "if_range": '"other"'},
        {"range": "bytes=0-1", "if_range": "Wed, 21 Oct 2015 07:28:00 GMT"},
    ],
)
def test_range_not_applicable_gives_whole_file(ask: Ask, headers: dict[str, str]) -> None:
    response = ask(WORDS, **headers)
    assert (response.status, response.body) == (200, ASSET)


REFUSED = [
    f"{PAIR}/assets/baseline.npz",
    f"{PAIR}/assets/explain.npz",
    f"{PAIR}/assets/nothing",
    f"{PAIR}/assets/..",
    f"{PAIR}/assets/%2e%2e",
    "/models/pair/versions/2/model.tflite",
    "/models/nothing/model.tflite",
]


@pytest.mark.parametrize("path", REFUSED)
def test_other_file_is_not_found(ask: Ask, path: str) -> None:
    assert ask(path).status == 404


@pytest.mark.parametrize("path", [f"{PAIR}/golden.npz", f"{PAIR}/assets/../golden.npz", f"{PAIR}/assets/"])
def test_path_of_other_files_is_no_route(path: str) -> None:
    assert protocols.match("GET", path) is None


def test_file_without_caller_is_refused(ask: Ask) -> None:
    assert ask(f"{PAIR}/{MODEL}", caller=None).status == 401


def test_device_file_of_older_bundle_says_how_to_get_one(registries: Registries) -> None:
    answers = Answers(Registry(str(registries.small)))
    response = asker(answers)("/models/pair/device.tflite")
    assert response.status == 404
    assert b"compile the model again" in response.body


def test_model_file_of_tensorflow_model_is_not_found(registries: Registries) -> None:
    names = Registry(str(registries.small))
    name = next(name for name in names.models() if names.open(name).manifest.engine == "tensorflow")
    response = asker(Answers(names))(f"/models/{name}/model.tflite")
    assert response.status == 404
    assert b"TensorFlow" in response.body


def test_changed_file_is_not_sent(registries: Registries, tmp_path: Path) -> None:
    bundle = publish(registries, str(tmp_path))
    file = bundle.path / DEVICE
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    response = asker(Answers(Registry(str(tmp_path))))(f"{PAIR}/{DEVICE}")
    assert response.status == 503
    assert orjson.loads(response.body)["error"]["code"] == "bundle_invalid"


def test_link_instead_of_file_is_not_sent(registries: Registries, tmp_path: Path) -> None:
    bundle = publish(registries, str(tmp_path))
    file, copy = bundle.path / DEVICE, tmp_path / "copy"
    file.rename(copy)
    file.symlink_to(copy)
    assert asker(Answers(Registry(str(tmp_path))))(f"{PAIR}/{DEVICE}").status == 503


def test_file_beyond_answer_is_sent_in_parts_only(published: Bundle) -> None:
    ask = asker(Answers(Registry(str(published.path.parents[1])), max_answer=1000))
    assert ask(f"{PAIR}/{MODEL}").status == 413
    part = ask(f"{PAIR}/{MODEL}", range="bytes=0-99")
    assert (part.status, len(part.body)) == (206, 100)


def test_file_beyond_answer_is_redirected_to_bucket(registries: Registries, s3_registry: str) -> None:
    bundle = publish(registries, s3_registry)
    response = asker(Answers(Registry(s3_registry), max_answer=1000))(f"{PAIR}/{MODEL}")
    assert (response.status, response.headers["cache-control"]) == (307, "no-store")
    content = httpx.get(response.headers["location"], trust_env=False).content
    assert hashlib.sha256(content).hexdigest() == bundle.manifest.files[MODEL]


def test_file_in_bucket_within_answer_is_sent(registries: Registries, s3_registry: str) -> None:
    publish(registries, s3_registry)
    for limit in (0, 1000):
        response = asker(Answers(Registry(s3_registry), max_answer=limit))(WORDS)
        assert (response.status, response.body) == (200, ASSET)
