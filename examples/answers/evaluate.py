"""Measure the search: ``python -m examples.answers.evaluate``.

The questions are the headings of FAQs that Debian packages ship; a heading is removed from its answer's passages, and
found where the first passage is one of them. Numbers of search.py are chosen on the FAQs of Python and Debian, and
measured on the FAQ of Perl and on questions.jsonl, about the pages of docs/. README.md says how to get the packages.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from examples.answers.documents import Passage, split_folder
from examples.answers.index import Collection, Encoder, Index, UnusableIndex, make, read_collection
from examples.answers.search import THRESHOLD, WORDS, Scores, Search, best_of, combined, terms

PACKAGES = Path("build/examples/data/debian")
OUTPUT = Path("build/examples/answers/evaluation")
PYTHON, PERL = "usr/share/doc/python3.11/html", "usr/share/perl/5.36.0/pod"
FOLDERS = {"python": f"{PYTHON}/faq", "debian": "usr/share/doc/debian/FAQ"}
DISTRACTORS = (f"{PYTHON}/library", f"{PYTHON}/reference", f"{PYTHON}/c-api", f"{PYTHON}/howto")
MANY, TIMED, SAMPLES = 10_000, 100, 2000
DEPTH = 10  # ranks that count

Ranks = NDArray[np.float64]  # of the first right section, from 1; infinite beyond DEPTH


class Question(NamedTuple):
    """A question and the sections that answer it, as ``document#anchor``."""

    text: str
    sections: frozenset[str]


class Asked(NamedTuple):
    """Passages with questions about them."""

    passages: list[Passage]
    questions: list[Question]


class Measured(NamedTuple):
    """A collection's index with scores ``[questions, passages]`` by both methods."""

    indexed: Index
    questions: list[Question]
    cosines: Scores
    words: Scores

    def ranks(self, score: Callable[[Scores, Scores], Scores]) -> Ranks:
        """Return the rank of the first right section for each question."""
        sections = np.array([section(passage) for passage in self.indexed.passages])
        scores = [score(*pair) for pair in zip(self.cosines, self.words, strict=True)]
        return np.array([_rank(sections, *each) for each in zip(scores, self.questions, strict=True)])

    def confidence(self) -> Scores:
        """Return the cosine of the first passage for each question."""
        pairs = zip(self.cosines, self.words, strict=True)
        return np.array([cosines[best_of(combined(cosines, words), 1)[0]] for cosines, words in pairs])


METHODS: dict[str, Callable[[Scores, Scores], Scores]] = {
    "BM25 alone": lambda cosines, words: words,
    "embeddings alone": lambda cosines, words: cosines,
    "both": combined,
}


def main() -> int:
    """Print the tables; a missing package is one sentence and the exit code 2."""
    try:
        encoder = Encoder(os.environ.get("LIGHTSHIP_REGISTRY", "models"))
        python, debian, perl = faq("python"), faq("debian"), faq("perl")
        docs = {kind: own(kind) for kind in ("plain", "paraphrase", "unanswerable")}
    except UnusableIndex as error:
        print(error, file=sys.stderr)
        return 2
    development = {name: measure(name, each, encoder) for name, each in (("python", python), ("debian", debian))}
    print_choice(development, encoder, {"python": debian, "debian": python})
    test = {"FAQ of Perl": measure("perl", perl, encoder)}
    test |= {f"docs/, {kind}": measure("docs", docs[kind], encoder) for kind in ("plain", "paraphrase")}
    print_quality(test)
    strange = [*python.questions, *debian.questions]
    print_unknown(test, {
        "FAQ of Perl": measure("perl", Asked(perl.passages, strange), encoder),
        "docs/": measure("docs", docs["unanswerable"], encoder),
    })  # fmt: skip
    many = Asked([*perl.passages, *distractors(MANY - len(perl.passages))], perl.questions)
    measured = measure("many", many, encoder)
    print_quality({f"FAQ of Perl among {len(many.passages):,} passages": measured})
    print_latency(Search(measured.indexed, encoder), perl.questions)
    return 0


def section(passage: Passage) -> str:
    """Return the section of a passage, as questions.jsonl names it."""
    return f"{passage.source}#{passage.anchor}"


def faq(name: str) -> Asked:
    """Return a FAQ: headings that are questions, removed from their passages."""
    folder = _perl() if name == "perl" else PACKAGES / FOLDERS[name]
    if not folder.is_dir():
        raise UnusableIndex(f"there is no folder {folder}: examples/answers/README.md says how to get its package")
    passages, questions = [], dict[str, str]()
    for passage in split_folder(folder, report=lambda _: None):
        *above, heading = passage.section.split(" > ")
        if heading.endswith("?"):
            questions[section(passage)] = re.sub(r"^[\d.]+\s", "", heading)
            passages.append(passage._replace(section=" > ".join(above)))
        else:
            passages.append(passage)
    return Asked(passages, [Question(text, frozenset([name])) for name, text in questions.items()])


def own(kind: str) -> Asked:
    """Return the pages of docs/ with the questions of a kind from questions.jsonl."""
    lines = Path(__file__).with_name("questions.jsonl").read_text().splitlines()
    passages = read_collection(Path("docs")).passages
    rows = [row for row in map(json.loads, lines) if row["kind"] == kind]
    return Asked(passages, [Question(row["text"], frozenset(row["sections"])) for row in rows])


def distractors(count: int) -> list[Passage]:
    """Return passages of other documentation, in the order of their paths."""
    found = [passage for name in DISTRACTORS for passage in split_folder(PACKAGES / name, report=lambda _: None)]
    return found[:count]


def measure(name: str, asked: Asked, encoder: Encoder) -> Measured:
    """Return the scores of all passages for all questions."""
    index = make(Collection(asked.passages, ""), OUTPUT / f"{name}.npz", encoder=encoder)
    search, questions = Search(index, encoder), [question.text for question in asked.questions]
    cosines = np.array([search.cosines(embedding) for embedding in encoder(questions)])
    return Measured(index, asked.questions, cosines, np.array([search.words(text) for text in questions]))


def print_choice(development: dict[str, Measured], encoder: Encoder, others: dict[str, Asked]) -> None:
    """Print what other numbers of search.py would give on development questions."""
    print("| weight of BM25 | " + " | ".join(f"MRR@10, {name}" for name in development) + " |\n| --- | ---: | ---: |")
    for weight in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
        ranks = [
            each.ranks(lambda *pair, weight=weight: combined(*pair, weight=weight)) for each in development.values()
        ]
        print(
            f"| {weight}{' (chosen)' * (weight == WORDS)} | "
            + " | ".join(f"{(1 / each).mean():.3f}" for each in ranks)
            + " |"
        )
    asked = np.concatenate([each.confidence() for each in development.values()])
    pairs = [(name, Asked(development[name].indexed.passages, others[name].questions)) for name in development]
    strange = np.concatenate([measure(name, each, encoder).confidence() for name, each in pairs])
    print("\n| threshold | questions answered | questions of the other FAQ answered |\n| ---: | ---: | ---: |")
    for threshold in (0.3, 0.35, 0.4, 0.45, 0.5):
        shares = [f"{(each >= threshold).mean():.0%}" for each in (asked, strange)]
        print(f"| {threshold}{' (chosen)' * (threshold == THRESHOLD)} | " + " | ".join(shares) + " |")


def print_quality(measured: dict[str, Measured]) -> None:
    """Print top-1, MRR@10 and recall@10 with intervals, by method."""
    print(
        "\n| questions | method | top-1 | MRR@10 | recall@10 | MRR@10 beside BM25 |\n"
        "| --- | --- | ---: | ---: | ---: | ---: |"
    )
    for name, each in measured.items():
        baseline = 1 / each.ranks(METHODS["BM25 alone"])
        for method, score in METHODS.items():
            ranks = each.ranks(score)
            figures = [interval(values) for values in (ranks == 1, 1 / ranks, ranks <= DEPTH)]
            gain = interval(1 / ranks - baseline, sign="+") if method != "BM25 alone" else ""
            print(f"| {name}, {len(ranks)} | {method} | " + " | ".join([*figures, gain]) + " |")
        overlap = [_overlap(question, each.indexed.passages) for question in each.questions]
        print(f"| | words of the question in its section | {np.mean(overlap):.0%} | | | |")


def print_unknown(answerable: dict[str, Measured], unanswerable: dict[str, Measured]) -> None:
    """Print how often the answer is "I don't know"."""
    print('\n| questions | "I don\'t know" |\n| --- | ---: |')
    for title, group in (("", answerable), (", without an answer", unanswerable)):
        for name, each in group.items():
            refused = each.confidence() < THRESHOLD
            print(f"| {name}{title}, {len(refused)} | {interval(refused)} |")


def print_latency(search: Search, questions: Sequence[Question]) -> None:
    """Print how long answers take, with sentences and explained words."""
    search.answer(questions[0].text)
    seconds = list(_timed(search, questions[:TIMED]))
    print(f"\nanswers over {MANY:,} passages: median {np.median(seconds) * 1e3:.0f} ms, "
          f"95 % within {np.quantile(seconds, 0.95) * 1e3:.0f} ms, processor time of this process")  # fmt: skip


def interval(values: NDArray[np.generic], *, sign: str = "") -> str:
    """Return the mean with its 95 % interval by bootstrap over the questions."""
    numbers = values.astype(float)
    rows = np.random.default_rng(7).integers(0, len(numbers), (SAMPLES, len(numbers)))
    low, high = np.quantile(numbers[rows].mean(axis=1), [0.025, 0.975])
    return f"{numbers.mean():{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _rank(sections: NDArray[np.str_], scores: Scores, question: Question) -> float:
    ordered = dict.fromkeys(sections[np.argsort(-scores, kind="stable")][: 20 * DEPTH])
    ranks = [rank for rank, name in enumerate(ordered, start=1) if name in question.sections and rank <= DEPTH]
    return float(ranks[0]) if ranks else float("inf")


def _overlap(question: Question, passages: Sequence[Passage]) -> float:
    """Return the share of a question's words that its section has, too."""
    asked = set(terms([question.text])[0])
    texts = [passage.embedded for passage in passages if section(passage) in question.sections]
    return len(asked & {word for text in terms(texts) for word in text}) / max(1, len(asked))


def _timed(search: Search, questions: Sequence[Question]) -> Iterator[float]:
    for question in questions:
        start = time.process_time()
        search.answer(question.text)
        yield time.process_time() - start


def _perl() -> Path:
    """Return a folder with the FAQ of Perl as HTML."""
    folder, pods = OUTPUT / "perl", sorted((PACKAGES / PERL).glob("perlfaq[1-9].pod"))
    program = shutil.which("pod2html")
    if program is None:
        raise UnusableIndex("there is no program pod2html, which the package perl has")
    folder.mkdir(parents=True, exist_ok=True)
    for pod in pods:
        paths = (
            f"--infile={pod}",
            f"--outfile={folder / pod.stem}.html",
            f"--cachedir={folder}",
            f"--podroot={folder}",
        )
        subprocess.run([program, *paths], check=True, capture_output=True)
    return folder if pods else PACKAGES / PERL


if __name__ == "__main__":
    sys.exit(main())
