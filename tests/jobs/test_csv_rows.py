"""CSV has the same rows and refusals over HTTP, on the command line and in jobs."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lightship.cli import lightship
from lightship.jobs.cloud import Cloud
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from tests.bundles import Registries, republish
from tests.jobs.clouds import moto_cloud
from tests.jobs.refusing import publish
from tests.jobs.scoring import name_of, scored
from tests.serve import Answers

HEADER = {None: "", True: "; header=present", False: "; header=absent"}
WORDS = {None: (), True: ("--header",), False: ("--no-header",)}


@pytest.fixture(scope="module")
def registry(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = publish(tmp_path_factory.mktemp("rows") / "models", registries)
    for name in ("half_plus_two", "scorer"):
        republish(registry, registries.small / name / "1", name)
    return registry


@pytest.fixture
def cloud(registry: Registry) -> Iterator[Cloud]:
    with moto_cloud(Path(registry.location), "text", "half_plus_two", "scorer", "category") as made:
        yield made


class Synchronous:
    """The answers to CSV files without a job: their predictions, or a message."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self._answers = Answers(registry)
        self._registry = registry
        self._file = folder / "rows.csv"

    def everywhere(self, model: str, data: bytes, header: bool | None = None) -> list[Any]:
        """Return the answers over HTTP, in MLflow's protocol and of the command line."""
        native = self._http(f"/models/{model}/predict", data, header)
        mlflow = self._http(f"/models/{model}/invoke", data, header)
        return [native, mlflow, self._command(model, data, header)]

    def _http(self, path: str, data: bytes, header: bool | None) -> Any:
        headers = {"content-type": f"text/csv{HEADER[header]}"}
        response = self._answers.answer(Request("POST", path, headers=headers, body=data, caller="me"))
        answer = json.loads(response.body)
        if response.status == 200:
            return answer["predictions"]
        assert response.status == 400
        return answer.get("message") or answer["error"]["message"]

    def _command(self, model: str, data: bytes, header: bool | None) -> Any:
        self._file.write_bytes(data)
        words = ["predict", model, str(self._file), "--json", "--registry", self._registry.location, *WORDS[header]]
        done = CliRunner(mix_stderr=False).invoke(lightship, words)
        if done.exit_code == 0:
            return json.loads(done.stdout)["predictions"]
        assert (done.exit_code, done.stdout) == (2, "")
        return " ".join(done.stderr.split())


@pytest.fixture
def synchronous(registry: Registry, tmp_path: Path) -> Synchronous:
    return Synchronous(registry, tmp_path)


def rejects(receipt: dict[str, Any], files: dict[str, bytes]) -> list[tuple[int, str, str]]:
    found = [json.loads(line) for part in receipt["errors"] for line in files[name_of(part)].splitlines()]
    return [(each["row"], each["column"], each["text"]) for each in found]


def rows_of(receipt: dict[str, Any], files: dict[str, bytes]) -> list[list[str]]:
    return [
        row for part in receipt["parts"] for row in list(csv.reader(io.StringIO(files[name_of(part)].decode())))[1:]
    ]


@pytest.mark.parametrize(
    ("data", "header", "texts"),
    [
        (b"a b\n\nb\n\n\n", False, ["a b", "", "b"]),
        (b"\r\n\r\na\r\n\r\nb", False, ["", "", "a", "", "b"]),
        (b'\nword\n\na\n""\n\n"b"\n\n', None, ["", "a", "", "", "b"]),
    ],
)
@pytest.mark.parametrize("chunk", [1, 4, 0])
def test_empty_line_among_texts_is_empty_text(
    synchronous: Synchronous, cloud: Cloud, data: bytes, header: bool | None, texts: list[str], chunk: int
) -> None:
    found = synchronous.everywhere("text", data, header)
    assert [len(predictions) for predictions in found] == [len(texts)] * 3
    assert found[0] == found[1] == found[2]
    _, receipt, files = scored(cloud, "text", "rows.csv", data, header=header, chunk=chunk)
    assert receipt["rows"] == {"read": len(texts), "scored": len(texts), "rejected": 0}
    rows = rows_of(receipt, files)
    assert [row[0] for row in rows] == texts
    assert [[float(cell) for cell in row[1:]] for row in rows] == [pytest.approx(each) for each in found[0]]


@pytest.mark.parametrize("chunk", [1, 5, 0])
def test_empty_line_among_numbers_is_missing_value(synchronous: Synchronous, cloud: Cloud, chunk: int) -> None:
    data = b"1\n\n3\nmany\n5\n\n"
    place = "row 2, column 'x': the value is missing"
    assert all(place in message for message in synchronous.everywhere("half_plus_two", data))
    _, receipt, files = scored(cloud, "half_plus_two", "rows.csv", data, chunk=chunk)
    assert rejects(receipt, files) == [(2, "x", ""), (4, "x", "many")]
    assert rows_of(receipt, files) == [["1", "2.5"], ["3", "3.5"], ["5", "4.5"]]


def test_empty_line_among_numbers_of_gzip_is_missing_value(cloud: Cloud) -> None:
    data = gzip.compress(b"x\n1\n\n3\n\n")
    _, receipt, files = scored(cloud, "half_plus_two", "rows.csv.gz", data, chunk=2)
    assert rejects(receipt, files) == [(2, "x", "")]


@pytest.mark.parametrize("chunk", [1, 8, 0])
def test_empty_line_among_rows_of_several_columns_is_no_row(synchronous: Synchronous, cloud: Cloud, chunk: int) -> None:
    data = b"\n1,2\n\n\r\n3,many\n\n5,6\n\n"
    assert all("row 2, column 'x_1'" in message for message in synchronous.everywhere("scorer", data))
    _, receipt, files = scored(cloud, "scorer", "rows.csv", data, chunk=chunk)
    assert receipt["rows"]["read"] == 3
    assert rejects(receipt, files) == [(2, "x_1", "3,many")]


@pytest.mark.parametrize("cell", ["1_000", "1e5_0", "\u0661", "\uff11", "0x10", "1,5", "\u00a01"])
@pytest.mark.parametrize(("model", "good", "column"), [("scorer", "2", "x_0"), ("category", "Rome", "a")])
def test_cell_outside_grammar_of_numbers_is_refused_with_place(
    synchronous: Synchronous, cloud: Cloud, cell: str, model: str, good: str, column: str
) -> None:
    data = f'1,{good}\n"{cell}",{good}\n'.encode()
    assert all(f"row 2, column '{column}'" in message for message in synchronous.everywhere(model, data, False))
    _, receipt, files = scored(cloud, model, "rows.csv", data, header=False)
    assert [(row, name) for row, name, _ in rejects(receipt, files)] == [(2, column)]


@pytest.mark.parametrize("cell", [" 4\t", "+4", "4.", "0.4e1", "40E-1", '"4"'])
def test_cell_of_grammar_of_numbers_is_scored(synchronous: Synchronous, cloud: Cloud, cell: str) -> None:
    data = f"x_0,x_1\n1,{cell}\n".encode()
    assert synchronous.everywhere("scorer", data) == [[[1, 4]]] * 3
    _, receipt, _ = scored(cloud, "scorer", "rows.csv", data)
    assert receipt["rows"] == {"read": 1, "scored": 1, "rejected": 0}


@pytest.mark.parametrize("output", [None, "parquet"])
def test_ignored_columns_of_one_name_are_kept(synchronous: Synchronous, cloud: Cloud, output: str | None) -> None:
    data = b"z,x_1,z,x_0,,\n7,4,8,1,,\n"
    assert synchronous.everywhere("scorer", data) == [[[1, 4]]] * 3
    _, receipt, files = scored(cloud, "scorer", "rows.csv", data, output=output)
    assert receipt["rows"] == {"read": 1, "scored": 1, "rejected": 0}
    assert receipt["columns"][:6] == ["z", "x_1", "z_2", "x_0", "", "_2"]
    assert output or rows_of(receipt, files)[0][:6] == ["7", "4", "8", "1", "", ""]


def test_column_of_model_twice_is_refused_with_name(synchronous: Synchronous, cloud: Cloud) -> None:
    data = b"x_1,x_0,x_1\n1,2,3\n"
    assert all("'x_1'" in message for message in synchronous.everywhere("scorer", data))
    job, _, _ = scored(cloud, "scorer", "rows.csv", data)
    assert (job.state, "'x_1'" in job.reason) == ("failed", True)


def test_first_row_of_words_for_missing_values_is_refused_with_place(synchronous: Synchronous, cloud: Cloud) -> None:
    data = b"NA,none\n1,4\n"
    assert all("row 1, column 'x_0'" in message for message in synchronous.everywhere("scorer", data))
    _, receipt, files = scored(cloud, "scorer", "rows.csv", data)
    assert rejects(receipt, files) == [(1, "x_0", "NA,none")]


def test_text_without_header_is_refused_with_all_options(synchronous: Synchronous, cloud: Cloud) -> None:
    job, _, _ = scored(cloud, "text", "rows.csv", b"a\nb\n")
    for message in (job.reason, *synchronous.everywhere("text", b"a\nb\n")):
        assert all(word in message for word in ("header=absent", "options.header: false", "--no-header"))
