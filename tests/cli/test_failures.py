"""Exit codes and messages of failed output, arguments, registries and AWS."""

from __future__ import annotations

import errno
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from rich.panel import Panel
from rich.table import Table

from lightship import aws
from lightship.bundle import Manifest, write_manifest
from lightship.cli import lightship
from lightship.cli.output.terminal import console
from tests.bundles import Registries

LIGHTSHIP = [sys.executable, "-m", "lightship"]
ESCAPE = b"\x1b"


def run(*words: str, **variables: str | None) -> Result:
    return CliRunner(mix_stderr=False, env=variables).invoke(lightship, words)


def line_of(result: Result) -> str:
    """Return the one line on standard error of a refused command."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    (line,) = result.stderr.splitlines()
    return line


@pytest.mark.parametrize("words", [["*"], ["?"], ["nope"], ["job", "*"], ["dlq", "*"], ["schedule", "*"]])
def test_command_unknown_or_wildcard_is_refused(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert f"'{words[-1]}'" in result.stderr


@pytest.mark.parametrize(
    "words",
    [["--version"], ["--help"], ["models", "--json"], ["models"], ["predict", "pair", '{"a": [1, 2], "b": [3]}']],
)
def test_command_with_full_disk_exits_1_with_one_line(registries: Registries, words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*LIGHTSHIP, *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ | {"LIGHTSHIP_REGISTRY": str(registries.small)},
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert os.strerror(errno.ENOSPC) in line


@pytest.mark.parametrize("words", [["models"], ["models", "--json"], ["show", "pair"]])
def test_command_with_closed_pipe_exits_1_silently(registries: Registries, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*LIGHTSHIP, *words, "--registry", str(registries.small)],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "pair", b"\xff"],
        ["predict", b"pa\xffir", "[1]"],
        ["show", b"\xff"],
        ["label", "pair", b"\xff", "1"],
        ["models", "--registry", b"\xff"],
        ["models", "--registry", b"s3://\xff/x"],
        [b"--\xff"],
    ],
    ids=repr,
)
def test_argument_not_utf8_is_refused_without_traceback(registries: Registries, words: list[Any]) -> None:
    done = subprocess.run(
        [*LIGHTSHIP, *words],
        capture_output=True,
        check=False,
        env=os.environ | {"LIGHTSHIP_REGISTRY": str(registries.small), "AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"Error: " in done.stderr


def test_output_not_encodable_is_written_with_replacements(registries: Registries) -> None:
    done = subprocess.run(
        [*LIGHTSHIP, "models", "--registry", str(registries.small)],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"pair" in done.stdout


def on_a_terminal(words: list[str], *, expected: int = 0, **variables: str) -> bytes:
    """Return what a command writes to a terminal."""
    reader, terminal = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [*LIGHTSHIP, *words],
        stdout=terminal,
        stderr=terminal,
        stdin=terminal,
        env=kept | {"TERM": "xterm-256color"} | variables,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(reader, 65536)
        except OSError:  # Linux raises EIO when the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(reader)
    assert process.wait() == expected, shown
    return shown


def test_terminal_without_colour_gets_no_escape_sequences(registries: Registries) -> None:
    for words in (["models"], ["show", "scorer"], ["predict", "scorer", "[[0, 9], [9, 0]]"]):
        command = [*words, "--registry", str(registries.small)]
        assert b"scorer" in on_a_terminal(command, NO_COLOR="1")
        assert ESCAPE not in on_a_terminal(command, NO_COLOR="1")
        assert ESCAPE not in on_a_terminal(command, TERM="dumb")
    assert ESCAPE in on_a_terminal(["show", "scorer", "--registry", str(registries.small)])


HOSTILE = "\x1b[2J\x9b2Jtext"


@pytest.fixture
def hostile(registries: Registries, tmp_path: Path) -> str:
    """Return a registry whose model has escape sequences in all texts of its manifest."""
    folder = tmp_path / "scorer" / "1"
    shutil.copytree(registries.small / "scorer", folder.parent)
    manifest = Manifest.from_bytes((folder / "manifest.json").read_bytes())
    texts = {"source": {HOSTILE: HOSTILE}, "metrics": {HOSTILE: 1.0}, "card": {"purpose": HOSTILE}}
    reason = {"reason": HOSTILE}
    write_manifest(folder, manifest._replace(**texts, trusted=(HOSTILE,), rewrites=(HOSTILE,), explain=reason))
    return str(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["models"],
        ["show", "scorer"],
        ["show", "scorer", "--json"],
        ["draw", "scorer"],
        ["predict", "scorer", "[[0, 9]]"],
        ["explain", "scorer", "[[0, 9]]"],
    ],
    ids=" ".join,
)
def test_manifest_with_escape_sequences_is_printed_without(
    hostile: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = on_a_terminal([*words, "--registry", hostile], expected=2 if words[0] == "draw" else 0, NO_COLOR="1")
    assert b"scorer" in shown
    assert ESCAPE not in shown
    assert "\x9b".encode() not in shown or "--json" in words


def test_screen_of_hostile_text_prints_no_controls(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(HOSTILE)
    table.add_row(f"one\ntwo {HOSTILE}")
    for printed in (HOSTILE, table, Panel(HOSTILE)):
        console().print(printed)
    shown = capsys.readouterr().out
    assert shown.count("text") == 4
    assert all(character.isprintable() or character == "\n" for character in shown)


READERS = (
    ["models"],
    ["show", "m"],
    ["predict", "m", "[1]"],
    ["serve"],
    ["label", "m", "production", "1"],
    ["traffic", "m", "1=100"],
    ["rollback", "m"],
    ["history", "m"],
    ["withdraw", "m", "1"],
    ["push", "m", "/nowhere/else"],
)


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
def test_registry_missing_folder_is_refused(tmp_path: Path, words: list[str]) -> None:
    missing = str(tmp_path / "modles")
    assert missing in line_of(run(*words, "--registry", missing))
    assert missing in line_of(run(*words, LIGHTSHIP_REGISTRY=missing))
    assert not Path(missing).exists()


def test_pull_missing_source_is_refused(tmp_path: Path) -> None:
    missing = str(tmp_path / "modles")
    assert missing in line_of(run("pull", "m", missing, "--registry", str(tmp_path)))


def test_models_without_default_folder_prints_compile_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("models", LIGHTSHIP_REGISTRY=None)
    assert (result.exit_code, "lightship compile" in result.stdout) == (0, True)


def test_push_to_missing_folder_creates_registry(registries: Registries, tmp_path: Path) -> None:
    made = tmp_path / "new" / "models"
    assert run("push", "pair", str(made), "--registry", str(registries.small)).exit_code == 0
    assert (made / "pair" / "1").is_dir()


def test_output_file_not_writable_is_named(registries: Registries, tmp_path: Path) -> None:
    words = ("predict", "modes", "[1, 4]", "--registry", str(registries.small), "--output")
    target = tmp_path / "no folder" / "answer.json"
    assert str(target) in line_of(run(*words, str(target)))
    full = run(*words, "/dev/full")
    assert full.exit_code == 1
    assert os.strerror(errno.ENOSPC) in full.stderr


class Refusing(BaseHTTPRequestHandler):
    """S3 server that refuses every request with the error code in the bucket's name."""

    def do_GET(self) -> None:
        code = self.path.split("/")[1].partition("?")[0].replace("-", "").removesuffix("bucket")
        code = next((each for each in CODES if each.lower() == code), code)
        region = "<Region>eu-west-1</Region>" if code == "AuthorizationHeaderMalformed" else ""
        message = "<Message>denied to arn:aws:iam::1:user/u</Message>"
        body = f"<Error><Code>{code}</Code>{message}{region}</Error>".encode()
        self.send_response(CODES[code][0])
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-bucket-region", "eu-west-1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_PUT = do_POST = do_GET  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None: ...


# HTTP status of each code, and a word of its explanation.
CODES = {
    "NoSuchBucket": (404, "bucket"),
    "AccessDenied": (403, "permission"),
    "ExpiredToken": (400, "expired"),
    "InvalidAccessKeyId": (403, "AWS_ACCESS_KEY_ID"),
    "SignatureDoesNotMatch": (403, "secret key"),
    "AuthorizationHeaderMalformed": (400, "eu-west-1"),
    "PermanentRedirect": (301, "another region"),
    "RequestTimeTooSkewed": (403, "clock"),
    "SlowDown": (503, "throttles"),
}


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def keys(endpoint: str, tmp_path: Path) -> dict[str, str | None]:
    """Return the environment of a terminal that uses this S3 endpoint."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LIGHTSHIP_CACHE": str(tmp_path / "cache"),
    }


@pytest.mark.parametrize("code", CODES)
def test_s3_error_is_explained_with_code(refusing: str, tmp_path: Path, code: str) -> None:
    words = [["models"]] if code != "AccessDenied" else [*READERS[:3], *READERS[4:]]
    for command in words:
        message = line_of(run(*command, "--registry", f"s3://{code.lower()}-bucket/models", **keys(refusing, tmp_path)))
        assert code in message
        assert CODES[code][1] in message
        assert "arn:aws:iam" not in message


def test_bucket_missing_is_named(s3_endpoint: str, tmp_path: Path) -> None:
    message = line_of(run("models", "--registry", "s3://no-such-bucket-here/m", **keys(s3_endpoint, tmp_path)))
    assert "NoSuchBucket" in message
    assert "no-such-bucket-here" in message


def test_aws_without_credentials_network_or_profile_is_explained(tmp_path: Path) -> None:
    """Run each case in a new process: boto3 caches the first credentials it finds."""

    def error_line(**variables: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        done = subprocess.run(
            [*LIGHTSHIP, "models", "--registry", "s3://bucket/models"],
            env=kept | nothing | {"AWS_EC2_METADATA_DISABLED": "true"} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        return line

    assert "AWS_PROFILE" in error_line()
    assert "no-profile" in error_line(AWS_PROFILE="no-profile")
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
    gone = error_line(AWS_ENDPOINT_URL="http://127.0.0.1:9", **keys)
    assert "http://127.0.0.1:9" in gone
    assert "network" in gone


def test_describe_expired_credentials_of_other_service_is_explained() -> None:
    response: Any = {"Error": {"Code": "ExpiredToken", "Message": "The security token is expired"}}
    error = ClientError(response, "GetCallerIdentity")
    message = aws.describe(error)
    assert message is not None
    assert "GetCallerIdentity" in message
    assert "expired" in message
    assert aws.describe(ValueError("no error of AWS")) is None
