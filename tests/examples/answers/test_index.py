"""Index of the example "answers": complete or not written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples.answers import index as indexing
from examples.answers.index import Encoder, UnusableIndex, join, make, read_collection, read_index
from tests.emulator import ROOT
from tests.examples.answers.conftest import BOATS, REGISTRY


def test_make_unchanged_collection_embeds_nothing_again(folder: Path, path: Path, encoder: Encoder) -> None:
    first = make(read_collection(folder), path, encoder=encoder)
    (folder / "boats.md").write_text(BOATS + "\n## Sails\n\nReef early in a strong wind.\n")
    asked: list[str] = []

    class Recording(Encoder):
        def __call__(self, texts: Sequence[str]) -> indexing.Embeddings:
            asked.extend(texts)
            return super().__call__(texts)

    second = make(read_collection(folder), path, encoder=Recording(str(REGISTRY)))
    assert asked == ["Boats\nSails\nReef early in a strong wind."]
    digests = [each.collection.digest for each in (first, second, read_index(path))]
    assert digests[0] != digests[1] == digests[2]
    make(second.collection, path, encoder=Recording(str(REGISTRY)))
    assert len(asked) == 1


def test_join_result_of_job_gives_same_index_as_make(
    folder: Path, path: Path, tmp_path: Path, encoder: Encoder
) -> None:
    made = make(read_collection(folder), path, encoder=encoder)
    rows = [
        {"text": each.embedded, "predicted_embedding": row.tolist()}
        for each, row in zip(made.passages, made.embeddings, strict=True)
    ]
    result = tmp_path / "result.jsonl"
    result.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)))
    joined = join(folder, result, tmp_path / "joined.npz", encoder=encoder)
    assert joined.passages == made.passages
    np.testing.assert_array_equal(joined.embeddings, made.embeddings)


def test_join_incomplete_or_foreign_result_writes_no_index(folder: Path, path: Path, encoder: Encoder) -> None:
    texts = [passage.embedded for passage in read_collection(folder).passages]
    result = folder.parent / "result.jsonl"
    other = encoder(["something else"] * len(texts)).tolist()
    for rows in (
        [{"text": texts[0], "predicted_embedding": other[0]}],
        [{"text": text, "predicted_embedding": row} for text, row in zip(texts, other, strict=True)],
        [{"text": text} for text in texts],
    ):
        result.write_text("".join(json.dumps(row) + "\n" for row in rows))
        with pytest.raises(UnusableIndex):
            join(folder, result, path, encoder=encoder)
        assert not path.exists()


def test_write_index_full_disk_keeps_former_index(
    folder: Path, path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = make(read_collection(folder), path, encoder=encoder)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="space"):
        indexing.write_index(path, former._replace(embeddings=former.embeddings[:1]))
    assert len(read_index(path).passages) == len(former.passages)
    assert {file.name for file in path.parent.iterdir()} == {"documents", "index.npz"}


@pytest.mark.parametrize("content", [b"", b"no index", b"PK\x03\x04 broken"])
def test_read_index_damaged_file_raises_unusable_index(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UnusableIndex, match=r"index\.npz"):
        read_index(path)


@pytest.mark.parametrize("words", [(), ("make", "only-one"), ("make", "missing", "out.npz"), ("split", "empty", "out")])
def test_command_with_mistake_exits_2_without_traceback(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-m", "examples.answers.index", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    environment |= {"LIGHTSHIP_REGISTRY": str(REGISTRY)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["empty"]
