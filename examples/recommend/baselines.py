"""Recommenders to compare with: popularity and EASE.

Source of EASE: Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from factorisation import popularity
from movielens import LIKED, MARKS, Ratings, stars

Recommender = Callable[[np.ndarray], np.ndarray]
"""Scores float [users, films] from marks uint8 [users, films]."""

LIKES = (stars(np.arange(MARKS)) >= LIKED).astype(float)


def popular(ratings: Ratings, users: int, films: int) -> Recommender:
    """Return a recommender that scores each film by its likes."""
    likes = popularity(ratings, films)
    return lambda marks: np.tile(likes, (len(marks), 1))


def ease(ratings: Ratings, users: int, films: int, *, penalty: float, weights: np.ndarray = LIKES) -> Recommender:
    """Return EASE of likes, or of a weight for each mark.

    Ratings train with the weights of new ones. Films with equal scores are in order of popularity.
    """
    seen = weights[ratings.table(users, films)]  # stars are the marks of new ratings
    inverse = np.linalg.inv(seen.T @ seen + penalty * np.eye(films))
    similar = -inverse / np.diag(inverse)
    np.fill_diagonal(similar, 0)
    likes = popularity(ratings, films)
    return lambda marks: weights[marks] @ similar + 1e-9 * likes
