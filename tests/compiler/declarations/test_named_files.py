"""Files that model.yaml names: where they may be, and hostile tokenizers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from lightship.compiler.declarations import named_files
from lightship.compiler.declarations.config import read_config
from lightship.compiler.sandbox import Task, run
from lightship.errors import CompileError, SourceRefused
from tests.compiler.conftest import ROOT


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("missing.txt", "not a file"),
        ("../vocab.txt", r"\.\."),
        ("/etc/vocab.txt", "inside"),
        ("a\\\\vocab.txt", "inside"),
        ("empty.txt", "0 bytes"),
        ("large.txt", "16,777,217 bytes"),
        ("link.txt", "link"),
        ("folder.txt", "not a file"),
    ],
)
def test_named_file_outside_of_folder_or_limits_is_refused(tmp_path: Path, name: str, named: str) -> None:
    inside = tmp_path / "inside"
    (inside / "folder.txt").mkdir(parents=True)
    (tmp_path / "vocab.txt").write_text("[UNK]")
    (inside / "empty.txt").touch()
    with (inside / "large.txt").open("wb") as file:
        file.truncate(named_files.LARGEST + 1)
    (inside / "link.txt").symlink_to("../vocab.txt")
    (inside / "model.yaml").write_text(f'inputs: {{x: {{kind: text, tokenizer: "{name}"}}}}')
    with pytest.raises(CompileError, match=f"model.yaml: inputs.x: .*{named}"):
        named_files.find(inside / "model.yaml", read_config(inside / "model.yaml"))


def test_tokenizer_with_slow_expression_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "[PAD]": 1}, unk_token="a"))
    task = "tests.compiler.declarations.tokenizer_probe"
    for expression, named in (
        (r"(?:a{0,900}){2}[^a]", "tokenizer file took more than"),
        (r"(a|aa)+$", "slow.json"),
    ):
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(expression), "isolated")
        tokenizer.save(str(tmp_path / "slow.json"))
        job = {"file": str(tmp_path / "slow.json"), "seconds": 1.0}
        with pytest.raises(SourceRefused, match=named):
            run(Task(task, job, reads=[tmp_path / "slow.json"]))


def test_tokenizer_with_huge_vocabulary_is_opened_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    path = tmp_path / "huge.txt"
    path.write_text("\n".join(["[PAD]", "[UNK]", *(f"w{number}" for number in range(200_000))]))
    found = run(Task("tests.compiler.declarations.tokenizer_probe", {"file": str(path), "seconds": 20.0}, reads=[path]))
    assert found.result == {"words": 200_000}
