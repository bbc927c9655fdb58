"""Compare the factorisation with popularity and EASE: write README's tables.

Options are chosen with ratings before the test period only: by the mean nDCG@10 of two earlier periods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from baselines import Recommender, ease, popular
from factorisation import EPOCHS, WEIGHTS, train
from movielens import TEST, Ratings, Split, listed, read, split
from ranking import best, interval, ndcg, recall

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- figures: written by evaluate.py -->", "<!-- end of figures -->"
PERIODS = ((0.4, 0.6), (0.6, TEST))  # of validation
FEW = (0, 1, 5, 20)  # films that a client lists who is no user
PENALTIES = (50, 100, 200, 300, 500)
EPOCHS_TRIED = (EPOCHS - 20, EPOCHS, EPOCHS + 20)
FIGURES = {"nDCG@10": ndcg, "recall@10": recall}


def main() -> None:
    """Print the tables, and write them to README.md."""
    text = "\n\n".join(tables())
    print(text)
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")


def tables() -> Iterator[str]:
    """Yield tables in Markdown: validation, test, differences and few likes."""
    ratings, users, films = read()
    size = {"users": len(users), "films": len(films)}
    validation = [split(ratings, **size, start=start, end=end) for start, end in PERIODS]
    candidates = {
        "factorisation": {f"{n} epochs": partial(factorisation, epochs=n, **size) for n in EPOCHS_TRIED},
        "EASE": {f"λ = {n}": partial(ease, penalty=n, **size) for n in PENALTIES},
        "EASE with weights": {f"λ = {n}": partial(ease, penalty=n, weights=WEIGHTS, **size) for n in PENALTIES},
        "popularity": {"": partial(popular, **size)},
    }
    chosen, tried = {}, []
    for name, options in candidates.items():
        means = {option: mean_quality(fit, validation) for option, fit in options.items()}
        option = max(means, key=means.get)  # of equal ones the first
        chosen[name] = options[option]
        tried.append([name, option, ", ".join(f"{mean:.4f}" for mean in means.values())])
    yield table(["validation", "chosen", "nDCG@10 of each, in order"], tried)

    data = split(ratings, **size, start=TEST)
    fitted = {name: fit(data.train) for name, fit in chosen.items()}
    marks, targets = data.history[data.users], data.targets[data.users]
    values = {
        name: {figure: of(best(fit(marks), marks > 0), targets) for figure, of in FIGURES.items()}
        for name, fit in fitted.items()
    }
    yield table(
        [f"test, {len(targets)} users", *FIGURES],
        [[name, *(text(each) for each in figures.values())] for name, figures in values.items()],
    )
    ours, *others = values
    yield table(
        ["factorisation minus", *FIGURES],
        [[name, *(text(values[ours][each] - values[name][each], "+.4f") for each in FIGURES)] for name in others],
    )
    few = {number: listed(data, number) for number in FEW}
    yield table(
        ["nDCG@10, liked films listed", *map(str, few)],
        [
            [name, *(text(ndcg(best(fit(rows), rows > 0), targets)) for rows in few.values())]
            for name, fit in fitted.items()
        ],
    )


def factorisation(ratings: Ratings, *, users: int, films: int, epochs: int) -> Recommender:
    """Return the trained model's logits as scores."""
    return partial(train(ratings, users, films, epochs=epochs).predict, batch_size=256, verbose=0)


def mean_quality(fit: Callable[[Ratings], Recommender], periods: list[Split]) -> float:
    """Return the mean nDCG@10 over periods, rounded to four decimals."""
    found = []
    for data in periods:
        marks = data.history[data.users]
        found.append(ndcg(best(fit(data.train)(marks), marks > 0), data.targets[data.users]).mean())
    return round(float(np.mean(found)), 4)


def text(values: np.ndarray, style: str = ".4f") -> str:
    """Return the mean of a figure per user, with its interval."""
    mean, low, high = (format(each, style) for each in interval(values))
    return f"{mean} ({low} to {high})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
