"""Make the index of a document collection: its passages and their embeddings.

    python -m examples.answers.index make FOLDER INDEX          embed in this process

    python -m examples.answers.index split FOLDER PASSAGES      or by a batch job: write passages.jsonl,
    lightship batch answers PASSAGES --output RESULT            embed them,
    python -m examples.answers.index join FOLDER RESULT INDEX   and make the index of the result

``make`` embeds only passages that an existing index does not have. An index is written completely or not at all.
"""

import json
import os
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from examples.answers.documents import Passage, digest, split_folder
from lightship import Call, LightshipError, Model, Registry

MODEL = "answers"
BATCH = 8  # texts of similar length per call
CLOSE = 0.99  # cosine of two embeddings of the same text, at least
Embeddings = NDArray[np.float32]


class UnusableIndex(Exception):
    """An index, a collection or a result that cannot be used, as one sentence."""


class Collection(NamedTuple):
    """The passages of a folder, and the digest of its documents."""

    passages: list[Passage]
    digest: str


class Index(NamedTuple):
    """A collection with the embeddings of its passages.

    Attributes:
        collection: passages in the order of the documents.
        embeddings: float32 ``[passages, 384]``, each of length 1.
        version: of the model that made them, which must embed the questions, too.
    """

    collection: Collection
    embeddings: Embeddings
    version: int

    @property
    def passages(self) -> list[Passage]:
        """Return the passages."""
        return self.collection.passages


def read_index(path: Path) -> Index:
    """Return an index; raises UnusableIndex."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            passages = [Passage(*fields) for fields in json.loads(file["passages"].tobytes())]
            index = Index(Collection(passages, str(file["digest"])), file["embeddings"], int(file["version"]))
    except FileNotFoundError:
        raise UnusableIndex(
            f"there is no index {path}: make it with `.venv/bin/python -m examples.answers.index make FOLDER {path}`"
        ) from None
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise UnusableIndex(f"{path} is not an index, make it again: {error}") from None
    if len(index.embeddings) != len(passages):
        raise UnusableIndex(
            f"{path} has {len(passages)} passages and {len(index.embeddings)} embeddings: make it again"
        )
    return index


def write_index(path: Path, index: Index) -> None:
    """Write an index under another name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            passages = np.frombuffer(json.dumps(index.passages).encode(), np.uint8)
            facts = {"digest": np.array(index.collection.digest), "version": np.array(index.version)}
            np.savez(file, allow_pickle=False, passages=passages, embeddings=index.embeddings, **facts)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_collection(folder: Path) -> Collection:
    """Return a folder's collection; raises UnusableIndex where it has no passage."""
    if not folder.is_dir():
        raise UnusableIndex(f"there is no folder {folder}")
    passages = split_folder(folder, report=lambda sentence: print(sentence, file=sys.stderr))
    if not passages:
        raise UnusableIndex(f"{folder} has no passages: expected documents with the suffix .md, .html or .txt")
    return Collection(passages, digest(folder))


class Encoder:
    """The model of a registry, by its version; None for the current one."""

    def __init__(self, registry: str, version: int | None = None) -> None:
        models = Registry(registry)
        self.version = models.resolve(MODEL, version)
        self._model = Model.load(models.open(MODEL, self.version))

    def __call__(self, texts: Sequence[str]) -> Embeddings:
        """Return float32 ``[texts, 384]``; texts of similar length share a call."""
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        parts = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        embeddings = [self._embed([texts[n] for n in part]) for part in parts]
        return np.concatenate(embeddings)[np.argsort(order)]

    def _embed(self, texts: Sequence[str]) -> Embeddings:
        rows = np.array([text.encode() for text in texts], object)
        return self._model.predict(Call({"text": rows})).outputs["embedding"]


def make(collection: Collection, path: Path, *, encoder: Encoder) -> Index:
    """Write the index of a collection, and return it.

    Embeddings of an existing index of the same model are used again.
    """
    stored = _embeddings_of(path, encoder.version)
    new = list(dict.fromkeys(text for text in (each.embedded for each in collection.passages) if text not in stored))
    if new:
        stored |= dict(zip(new, encoder(new), strict=True))
    embeddings = np.stack([stored[passage.embedded] for passage in collection.passages])
    index = Index(collection, embeddings, encoder.version)
    write_index(path, index)
    return index


def _embeddings_of(path: Path, version: int) -> dict[str, Embeddings]:
    try:
        index = read_index(path)
    except UnusableIndex:
        return {}
    if index.version != version:
        return {}
    return dict(zip((passage.embedded for passage in index.passages), index.embeddings, strict=True))


def split(folder: Path, output: Path) -> None:
    """Write the texts of a folder's passages as JSON Lines, each text once."""
    texts = dict.fromkeys(passage.embedded for passage in read_collection(folder).passages)
    output.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def join(folder: Path, result: Path, path: Path, *, encoder: Encoder) -> Index:
    """Write the index of a folder with the embeddings of a batch job's result.

    Raises UnusableIndex where a passage has none, because the documents changed or the job rejected it, or where
    another version of the model made them.
    """
    try:
        rows = [json.loads(line) for line in result.read_text().splitlines()]
        found = {row["text"]: np.array(row["predicted_embedding"], np.float32) for row in rows}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UnusableIndex(f"{result} is not the result of a job of {MODEL}: {error!r}") from None
    collection = read_collection(folder)
    texts = [passage.embedded for passage in collection.passages]
    if missing := sum(text not in found for text in texts):
        raise UnusableIndex(f"{result} lacks {missing} of {len(texts)} passages: split the documents again")
    first = encoder(texts[:1])[0]
    if any(found[text].shape != first.shape for text in texts) or found[texts[0]] @ first < CLOSE:
        raise UnusableIndex(f"{result} was not made by {MODEL} version {encoder.version}: run the job again")
    index = Index(collection, np.stack([found[text] for text in texts]), encoder.version)
    write_index(path, index)
    return index


def main(arguments: Sequence[str], registry: str = os.environ.get("LIGHTSHIP_REGISTRY", "models")) -> int:
    """Run a command; a mistake is one sentence and the exit code 2."""
    commands: Mapping[tuple[str, int], Callable[..., object]] = {
        ("make", 2): lambda folder, path: make(read_collection(folder), path, encoder=Encoder(registry)),
        ("split", 2): split,
        ("join", 3): lambda *paths: join(*paths, encoder=Encoder(registry)),
    }
    command = commands.get((arguments[0], len(arguments) - 1)) if arguments else None
    if command is None:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        done = command(*map(Path, arguments[1:]))
    except (UnusableIndex, LightshipError) as error:
        print(error, file=sys.stderr)
        return 2
    if isinstance(done, Index):
        documents = len({passage.source for passage in done.passages})
        print(f"{len(done.passages)} passages of {documents} documents, embedded by {MODEL} version {done.version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
