"""MovieLens-100K as arrays, and its parts by time."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

DATA = Path("build/examples/data/recbole/dataset_example/ml-100k")
MOST_STARS = 5
LIKED = 4  # fewest stars of a film that its user likes
TEST = 0.8  # share of the ratings, in order of time, before the test period
AGES = (5, 10, 20, 40, 80, 160)  # limits of the ages of ratings, in ratings of the same user since
MARKS = 1 + MOST_STARS * (len(AGES) + 1)


class Ratings(NamedTuple):
    """Ratings in order of time.

    Indices of users and films from 0, and 1 to 5 stars: each an array [ratings] of integers.
    """

    user: np.ndarray
    film: np.ndarray
    stars: np.ndarray

    def table(self, users: int, films: int) -> np.ndarray:
        """Return the stars as uint8 [users, films], 0 for a film without a rating."""
        stars = np.zeros((users, films), "uint8")
        stars[self.user, self.film] = self.stars
        return stars

    def marks(self, users: int, films: int) -> np.ndarray:
        """Return the history of each user as uint8 [users, films].

        A mark is 0 for a film without a rating, otherwise the stars plus MOST_STARS times the number of AGES that the
        rating has reached. The user's last rating has the age 0.
        """
        counts = np.bincount(self.user, minlength=users)
        order = np.argsort(self.user, kind="stable")
        ages = np.empty(len(order), np.int64)
        ages[order] = np.repeat(np.cumsum(counts), counts) - 1 - np.arange(len(order))
        marks = np.zeros((users, films), "uint8")
        marks[self.user, self.film] = self.stars + MOST_STARS * np.digitize(ages, AGES)
        return marks

    def take(self, rows: np.ndarray) -> Ratings:
        """Return the ratings of a mask or of indices."""
        return Ratings(*(column[rows] for column in self))


class Split(NamedTuple):
    """Ratings before a time to train with, and of a period after it to test.

    ``history`` is uint8 [users, films]: the marks of the training ratings and of the earlier half of each user's
    ratings in the period, together. ``targets`` is bool [users, films]: the films that the user liked in the later
    half.
    """

    train: Ratings
    history: np.ndarray
    targets: np.ndarray

    @property
    def users(self) -> np.ndarray:
        """Return the indices of the users who have a target."""
        return np.flatnonzero(self.targets.any(1))


def read(folder: Path = DATA) -> tuple[Ratings, list[str], list[str]]:
    """Return the ratings, the names of the users, and the titles with years.

    18 films are in the data twice, under two ids with one title and year: they become one film, and of two ratings by
    one user the first is kept. Ratings of the same second keep their order in the file.
    """
    with (folder / "ml-100k.item").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        titles = {row[0]: f"{row[1]} ({row[2]})" for row in rows}
    films = list(dict.fromkeys(titles.values()))
    index = {title: number for number, title in enumerate(films)}
    columns = np.loadtxt(folder / "ml-100k.inter", dtype=np.int64, skiprows=1).T
    users, items, stars = columns[:, np.argsort(columns[3], kind="stable")][:3]
    ratings = Ratings(users - 1, np.array([index[titles[str(item)]] for item in items]), stars)
    _, first = np.unique(ratings.user * len(films) + ratings.film, return_index=True)
    return ratings.take(np.sort(first)), [str(number + 1) for number in range(users.max())], films


def split(ratings: Ratings, users: int, films: int, *, start: float, end: float = 1.0) -> Split:
    """Return the split whose period is between two shares of the ratings.

    All of the training ratings are older than those of the period, for every user.
    """
    first, last = (round(share * len(ratings.user)) for share in (start, end))
    train, period = ratings.take(np.arange(first)), ratings.take(np.arange(first, last))
    late = np.zeros(len(period.user), bool)
    for user in np.unique(period.user):
        rows = np.flatnonzero(period.user == user)
        late[rows[len(rows) // 2 :]] = True
    early = ratings.take(np.concatenate([np.arange(first), first + np.flatnonzero(~late)]))
    return Split(train, early.marks(users, films), period.take(late).table(users, films) >= LIKED)


def listed(data: Split, number: int) -> np.ndarray:
    """Return at most ``number`` liked films of each test user's history.

    uint8 [test users, films]: the mark of a last rating with five stars for a listed film, and 0 for others. Films are
    drawn at random, the same ones in every run; a larger number includes the films of a smaller one.
    """
    rng = np.random.default_rng(0)
    liked = stars(data.history[data.users]) >= LIKED
    indices = np.argsort(np.where(liked, rng.random(liked.shape), 2), axis=1)[:, :number]
    marks = np.zeros(liked.shape, "uint8")
    np.put_along_axis(marks, indices, MOST_STARS, 1)
    return marks * liked


def stars(marks: np.ndarray) -> np.ndarray:
    """Return the stars of marks, 0 for a film without a rating."""
    return np.where(marks > 0, (marks - 1) % MOST_STARS + 1, 0)
