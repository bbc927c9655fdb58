"""``lightship up`` as a process, with this folder's template behind a real API."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import httpx
import pytest

from lightship.registry.registry import Registry
from lightship.settings import CacheSettings
from tests import stacks
from tests.bundles import Registries, republish
from tests.emulator import ROOT
from tests.local.test_stack import BUCKET, wait_for
from tests.local.test_workers import has_ended

ROW = {"input": [[1.0, 4.0]]}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return this folder's template with the registry setting of its API's function."""
    folder = tmp_path_factory.mktemp("template") / "tests" / "local"
    folder.mkdir(parents=True)
    (folder / "functions").symlink_to(Path(__file__).parent / "functions")
    text = Path(__file__).with_name("template.yaml").read_text()
    events = "      Events:\n        Every"
    registry = "!If [HasBucket, !Sub 's3://${Bucket}/models', ./models]"
    variables = f"      Environment: {{Variables: {{LIGHTSHIP_REGISTRY: {registry}}}}}\n"
    assert events in text
    path = folder / "template.yaml"
    path.write_text(text.replace(events, variables + events))
    return path


@pytest.fixture
def source(tmp_path: Path, registries: Registries) -> Registry:
    """Return a registry with two versions of a model, the first in production."""
    registry = Registry(str(tmp_path / "models"))
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "roots" / "1", "modes")
    return registry


@pytest.fixture
def project(tmp_path: Path, registries: Registries) -> Path:
    """Return a folder with the examples in ./models, the default registry."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "models").symlink_to(registries.examples)
    return folder


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    threads = Path(f"/proc/{pid}/task").iterdir() if listed.exists() else ()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


@pytest.fixture
def up(
    template: Path, source: Registry, tmp_path: Path
) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str, dict[str, str]]]]:
    words = ("--registry", source.location, "--default", "modes")
    with stacks.up(tmp_path, *words, template=template, TMPDIR=str(tmp_path)) as (process, url):
        yield lambda: (process, url, stacks.variables(tmp_path))


def test_up_api_serves_models_of_bucket(
    up: Callable[[], tuple[subprocess.Popen[str], str, dict[str, str]]],
    registries: Registries,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    _, url, variables = up()
    for name, value in {**variables, "LIGHTSHIP_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    answer = httpx.get(f"{url}/models/modes").json()
    assert answer["versions"] == [1, 2]
    registry = Registry(f"s3://{BUCKET}/models", cache=CacheSettings(tmp_path / "cache"))
    assert registry.versions("modes") == [1, 2]
    assert republish(registry, registries.small / "modes" / "1", "modes") == 3
    wait_for(lambda: httpx.get(f"{url}/models/modes").json()["versions"] == [1, 2, 3])
    assert httpx.post(f"{url}/models/modes/versions/3/predict", json=ROW).json()["predictions"] == [[2.0, 8.0]]


def test_up_environment_file_has_variables_of_output_environment(
    up: Callable[[], tuple[subprocess.Popen[str], str, dict[str, str]]],
) -> None:
    process, _, variables = up()
    assert variables["LIGHTSHIP_SCHEDULE_GROUP"] == "lightship-local"
    queue = f"{variables['AWS_ENDPOINT_URL']}/123456789012/lightship-local-ShoutQueue"
    assert variables["LIGHTSHIP_QUEUES"] == f"shout={queue}"
    assert process.stdout is not None
    assert any("lightship schedule run nightly" in line for line in process.stdout)
    command = [sys.executable, "-m", "lightship", "schedule", "run", "nightly"]
    settings = {"LIGHTSHIP_BUCKET": BUCKET, "LIGHTSHIP_REGISTRY": f"s3://{BUCKET}/models"}
    environment = {"PYTHONPATH": "src", **variables, **settings}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.stdout.startswith("sent: the run of nightly at 20"), run.stderr
    s3 = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
    )
    (written,) = wait_for(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="out/").get("Contents"))
    body = s3.get_object(Bucket=BUCKET, Key=written["Key"])["Body"].read()
    s3.close()
    assert b'"night":"20' in body


def test_up_object_put_by_plain_http_is_handled(
    up: Callable[[], tuple[subprocess.Popen[str], str, dict[str, str]]],
) -> None:
    _, _, variables = up()
    endpoint = variables["AWS_ENDPOINT_URL"]
    assert httpx.put(f"{endpoint}/{BUCKET}/batch/modes/input/a.csv", content=b"1,2\n").status_code == 200
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
    )
    assert wait_for(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="out/").get("Contents"))
    s3.close()


@pytest.mark.alone  # measures time
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_up_signal_ends_all_processes_within_two_seconds(
    up: Callable[[], tuple[subprocess.Popen[str], str, dict[str, str]]], number: signal.Signals
) -> None:
    process, _, variables = up()
    httpx.put(f"{variables['AWS_ENDPOINT_URL']}/{BUCKET}/batch/modes/input/a.csv", content=b"1,2\n")
    wait_for(lambda: len(children(process.pid)) == 2)  # moto and a worker
    pids = children(process.pid)
    started = time.monotonic()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    wait_for(lambda: all(map(has_ended, pids)))
    assert time.monotonic() - started < 2.0
    assert process.returncode == (-number if number == signal.SIGKILL else 0)
    assert "Traceback" not in rest


@pytest.mark.alone  # measures time
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_up_interrupt_ends_repository_stack_within_two_seconds(registries: Registries, tmp_path: Path) -> None:
    words = ("--registry", str(registries.examples), "--default", "quickstart")
    with stacks.up(tmp_path, *words, TMPDIR=str(tmp_path)) as (process, _):
        variables = stacks.variables(tmp_path)
        bucket = f"{variables['AWS_ENDPOINT_URL']}/{variables['LIGHTSHIP_BUCKET']}"
        rows = (ROOT / "examples" / "quickstart" / "patients.csv").read_bytes()
        assert httpx.put(f"{bucket}/batch/quickstart/input/a.csv", content=rows).status_code == 200
        wait_for(lambda: "receipt.json" in httpx.get(f"{bucket}?prefix=batch/quickstart/output/").text)
        pids = children(process.pid)
        assert len(pids) >= 3  # moto, SplitFunction, ScoreFunction
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        wait_for(lambda: all(map(has_ended, pids)))
        assert time.monotonic() - started < 2.0
        rest, _ = process.communicate(timeout=20)
        assert (process.returncode, "Traceback" in rest) == (0, False)


def test_up_stale_variables_of_former_run_are_ignored(template: Path, project: Path, tmp_path: Path) -> None:
    stale = {"LIGHTSHIP_REGISTRY": f"s3://{BUCKET}/models", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    words = ("--default", "quickstart")
    with stacks.up(project, *words, template=template, TMPDIR=str(tmp_path), **stale) as (_, url):
        names = {model["name"] for model in httpx.get(f"{url}/models").json()["models"]}
        assert {"quickstart", "digits"} <= names
        assert httpx.post(f"{url}/predict", json={"input": [1, 2, 3]}).status_code == 200


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--template", "nowhere.yaml"], "nowhere.yaml"),
        (["--parameter", "Colour=red"], "Colour"),
        (["--parameter", "Colour"], "NAME=VALUE"),
        (["--parameter", "Registry=image"], "'./models'"),
        (["--aws-port", "0", "--default", "nope"], "nope"),
    ],
)
def test_up_invalid_option_exits_2_and_names_value(template: Path, project: Path, words: list[str], named: str) -> None:
    command = [sys.executable, "-m", "lightship", "up", "--port", "0", "--template", str(template), *words]
    environment = {"PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert named in run.stderr
    assert "Traceback" not in run.stderr
