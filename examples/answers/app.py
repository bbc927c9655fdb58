"""The application: Lightship's API with a page and a route that answer questions.

    lightship up --app examples.answers.app:create_app

``ANSWERS_INDEX`` is the path of the index, by default build/examples/answers/index.npz, and ``ANSWERS_DOCUMENTS`` the
folder of its documents, by default docs. A new index is used from the next question on. On Lambda, the handler is
``lightship.handler_for(create_app, fast_path=True)``.
"""

import os
import secrets
from pathlib import Path
from threading import Lock
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse

import lightship
from examples.answers.documents import digest, paths
from examples.answers.index import MODEL, Encoder, Index, UnusableIndex, read_index
from examples.answers.search import LONGEST, THRESHOLD, Answer, Search, Source
from lightship.errors import InvalidInput, NotFound, Unavailable

PAGE = Path(__file__).with_name("page.html")
INDEX = Path("build/examples/answers/index.npz")
DOCUMENTS = Path("docs")
# Nothing but the page's own script and style runs, and they reach only this server.
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
QUESTION = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["question"],
                "properties": {"question": {"type": "string", "minLength": 1, "maxLength": LONGEST}},
            }
        }
    },
}


def create_app() -> FastAPI:
    """Return the application, with the index and documents of the environment."""
    app = lightship.create_app()
    current = CurrentSearch(
        Path(os.environ.get("ANSWERS_INDEX", INDEX)),
        documents=Path(os.environ.get("ANSWERS_DOCUMENTS", DOCUMENTS)),
        registry=app.core.settings.registry,
    )

    @app.get("/answers", response_class=HTMLResponse)
    def page() -> HTMLResponse:
        """Return the page."""
        nonce = secrets.token_urlsafe(16)
        headers = {"content-security-policy": POLICY.format(nonce=nonce), "x-content-type-options": "nosniff"}
        return HTMLResponse(PAGE.read_text().replace("NONCE", nonce), headers=headers)

    @app.post("/answers", openapi_extra={"requestBody": QUESTION})
    def ask(question: Annotated[str, Depends(read_question)]) -> dict[str, Any]:
        """Answer a question from the documents."""
        index, search = current.get()
        answer = as_json(search.answer(question)) | {"model": MODEL, "version": index.version}
        if current.is_outdated(index):
            answer["notes"].append("the documents have changed since the index was made: make it again")
        return answer

    @app.get("/answers/documents/{source:path}", response_class=PlainTextResponse)
    def document(source: str) -> PlainTextResponse:
        """Return a document of the index as plain text."""
        found = [passage for passage in current.get()[0].passages if passage.source == source]
        if not found:
            raise NotFound(f"the index has no document '{source[:120]}'")
        text = "\n\n".join("\n".join(filter(None, (passage.section, passage.text))) for passage in found)
        return PlainTextResponse(f"{found[0].page}\n\n{text}\n", headers={"x-content-type-options": "nosniff"})

    return app


async def read_question(request: Request) -> str:
    """Return the question of a request's JSON body; raises InvalidInput."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    question = body.get("question") if isinstance(body, dict) else None
    if not isinstance(question, str):
        raise InvalidInput('the body must be {"question": "…"} with a text')
    if not question.strip():
        raise InvalidInput("the question is empty")
    if len(question) > LONGEST:
        raise InvalidInput(f"the question has {len(question):,} characters, {LONGEST:,} are the most")
    return question


def as_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as the API and the page have it."""
    sources = [_source(source) for source in answer.sources]
    best = answer.sources[0]
    text = best.passage.text[best.start : best.end] if answer.answered else "I don't know."
    notes = list(answer.notes)
    if not answer.answered:
        notes.insert(0, f"no passage is close enough to the question: {best.cosine:.2f}, {THRESHOLD} is needed")
    words = [{"word": word, "added": round(added, 4)} for word, added in answer.words]
    return {"answered": answer.answered, "answer": text, "sources": sources, "words": words, "notes": notes}


def _source(source: Source) -> dict[str, Any]:
    passage = source.passage
    # The browser scrolls to the first words of the passage (a text fragment).
    start = quote(" ".join(passage.text.splitlines()[0].split()[:8]), safe="").replace("-", "%2D")
    return {
        "document": passage.source,
        "anchor": passage.anchor,
        "title": " > ".join(filter(None, (passage.page, passage.section))),
        "link": f"answers/documents/{quote(passage.source)}#:~:text={start}",
        "text": passage.text,
        "start": source.start,
        "end": source.end,
        "cosine": round(source.cosine, 4),
        "terms": source.terms,
    }


class CurrentSearch:
    """The search of an index file, read again when the file was replaced."""

    def __init__(self, path: Path, *, documents: Path, registry: str) -> None:
        self._path, self._documents, self._registry = path, documents, registry
        self._lock = Lock()
        self._digest: tuple[object, str] | None = None
        self._read: tuple[object, Index, Search] | None = None

    def get(self) -> tuple[Index, Search]:
        """Return the index and its search; raises Unavailable."""
        with self._lock:
            try:
                status = self._path.stat() if self._path.exists() else None
                state = status and (status.st_mtime_ns, status.st_ino)
                if self._read is None or self._read[0] != state:
                    index = read_index(self._path)
                    self._read = state, index, Search(index, Encoder(self._registry, index.version))
            except (UnusableIndex, NotFound) as error:  # NotFound: the version of the model that made the index
                raise Unavailable(str(error)) from None
            return self._read[1:]

    def is_outdated(self, index: Index) -> bool:
        """Return whether the documents, where they are here, have changed."""
        if not self._documents.is_dir():
            return False
        state = [(path, path.lstat().st_mtime_ns, path.lstat().st_size) for path in paths(self._documents)]
        with self._lock:
            if self._digest is None or self._digest[0] != state:
                self._digest = state, digest(self._documents)
            return self._digest[1] != index.collection.digest
