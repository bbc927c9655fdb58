"""A factorisation of films: the model that is trained, and the model that answers."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops
from movielens import AGES, LIKED, MARKS, MOST_STARS, Ratings

SEED = 7
SIZE = 128  # numbers in the vector of a film
EPOCHS = 100
BATCH = 64
FADED = 1.0  # weight of no film in the mean
STARS = (-0.5, -0.2, 0.3, 0.8, 1)  # first weights of a new rating with one to five stars
WEIGHTS = np.concatenate([[0], *(np.exp(-age / 25) * np.array(STARS) for age in (0, *AGES))])  # of the marks
NEVER = -1e9  # logit of a film that the user has rated
LIKES = 20  # most films that a client may list
TOP = 10
REASONS = 3


class Factorisation(keras.Model):
    """Scores of all films for the next film that a user likes.

    From marks of rated films, integers [batch, films], to logits, float32 [batch, films]. Each film has one vector. The
    logit of a film is its popularity, plus the product of its vector with a mean of the vectors of the rated films,
    which is weighted by their marks.
    """

    def __init__(self, popularity: np.ndarray) -> None:
        super().__init__()
        self.mark = keras.layers.Embedding(MARKS, 1)
        self.film = keras.layers.ReversibleEmbedding(
            len(popularity),
            SIZE,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
            embeddings_regularizer=keras.regularizers.L2(1e-5),
        )
        self.mark.build()
        self.film.build()
        self.mark.set_weights([WEIGHTS[:, None]])
        self.popularity = ops.convert_to_tensor(popularity, "float32")

    def call(self, marks):
        """Return the logits; that of a rated film is NEVER."""
        rated = marks > 0
        shares = _shares(ops.squeeze(self.mark(marks), -1) * ops.cast(rated, "float32"))
        taste = ops.matmul(shares, self.film.embeddings)
        return ops.where(rated, NEVER, self.film(taste, reverse=True) + self.popularity)


class Histories(keras.utils.PyDataset):
    """Batches of what users had rated at a random time, and liked after it.

    Each user occurs once in an epoch, unless no liked film remains. Inputs are the marks, uint8 [batch, films]. Targets
    are float32 [batch, films], and each row has the sum 1.
    """

    def __init__(self, ratings: Ratings, users: int, films: int) -> None:
        super().__init__()
        self.ratings, self.shape = ratings, (users, films)
        self.rng = np.random.default_rng(SEED)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Draw the times of the next epoch."""
        user = self.ratings.user
        total = np.bincount(user, minlength=self.shape[0])
        kept = self.rng.integers(0, np.maximum(total, 1))
        order = np.argsort(user, kind="stable")
        place = np.empty(len(user), np.int64)
        place[order] = np.arange(len(user)) - np.repeat(np.cumsum(total) - total, total)
        early = place < kept[user]
        self.marks = self.ratings.take(early).marks(*self.shape)
        self.liked = self.ratings.take(~early).table(*self.shape) >= LIKED
        self.rows = self.rng.permutation(np.flatnonzero(self.liked.any(1)))

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self.rows) / BATCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the marks and the targets of a batch."""
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        liked = self.liked[rows].astype("float32")
        return self.marks[rows], liked / liked.sum(1, keepdims=True)


def train(ratings: Ratings, users: int, films: int, *, epochs: int = EPOCHS, verbose: int = 0) -> Factorisation:
    """Return a factorisation of these ratings, with fixed seeds."""
    keras.utils.set_random_seed(SEED)
    model = Factorisation(popularity(ratings, films))
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.CategoricalCrossentropy(from_logits=True))
    model.fit(Histories(ratings, users, films), epochs=epochs, verbose=verbose)
    return model


def popularity(ratings: Ratings, films: int) -> np.ndarray:
    """Return the logarithm of each film's share of all likes, float32 [films].

    Each film has half a like in addition, so that a film without likes has a logarithm.
    """
    likes = np.bincount(ratings.film[ratings.stars >= LIKED], minlength=films) + 0.5
    return np.log(likes / likes.sum()).astype("float32")


def serving(trained: Factorisation, history: np.ndarray) -> keras.Model:
    """Return the model that answers, made of layers of Keras only.

    ``history`` is uint8 [users, films], the marks of each user.

    Inputs: ``user`` int32 [batch, 1], and ``liked`` int32 [batch, LIKES], which count as new ratings with five stars;
    -1 is no user and no film. Outputs: ``films`` int32 [batch, TOP], best first; ``score`` float32 [batch, TOP], the
    probability that a film is the next one that the user likes; and ``because`` int32 [batch, TOP, REASONS], the films
    that contributed most to each, -1 for none.
    """
    users, films = history.shape
    user = keras.Input((1,), dtype="int32", name="user")
    liked = keras.Input((LIKES,), dtype="int32", name="liked")

    rows = keras.layers.Embedding(users + 1, films, dtype="uint8", embeddings_initializer="zeros", name="history")
    listed = ops.any(ops.equal(ops.expand_dims(liked, -1), ops.arange(films, dtype="int32")), axis=1)
    stored = ops.cast(ops.squeeze(rows(ops.where(user < 0, users, user)), 1), "int32")
    marks = ops.where(listed, MOST_STARS, stored)

    mark = keras.layers.Embedding(MARKS, 1, name="marks")
    taste = keras.layers.Dense(SIZE, use_bias=False, name="taste")
    film = keras.layers.ReversibleEmbedding(films, SIZE, name="film")
    popular = keras.layers.Embedding(1, films, name="popularity")
    shares = _shares(ops.squeeze(mark(marks), -1))
    logits = film(taste(shares), reverse=True) + ops.squeeze(popular(ops.zeros_like(user)), 1)
    score, best = ops.top_k(ops.softmax(ops.where(marks > 0, NEVER, logits)), TOP)
    best = ops.cast(best, "int32")

    parts = film(film(best), reverse=True) * ops.expand_dims(shares, 1)
    part, because = ops.top_k(parts, REASONS)
    because = ops.where(part > 0, ops.cast(because, "int32"), -1)

    vectors = ops.convert_to_numpy(trained.film.embeddings)
    weights = ops.convert_to_numpy(trained.mark.embeddings) * (np.arange(MARKS) > 0)[:, None]
    rows.set_weights([np.concatenate([history, np.zeros((1, films), "uint8")])])
    mark.set_weights([weights])
    taste.set_weights([vectors])
    film.set_weights([vectors])
    popular.set_weights([ops.convert_to_numpy(trained.popularity)[None]])
    return keras.Model({"user": user, "liked": liked}, {"films": best, "score": score, "because": because})


def _shares(weights):
    """Return the shares of rated films in the mean, less for a short history."""
    return weights / (ops.sum(ops.abs(weights), 1, keepdims=True) + FADED)
