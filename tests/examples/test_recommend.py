"""Tests of the example of recommendations: its answers, and its quality.

The compiled model is that of all training ratings; the one that is trained here has a tenth of the epochs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from lightship.calls import Call
from lightship.model import Model

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "recommend"
BUILT = ROOT / "build" / "examples"
REGISTRY = BUILT / "applications"
EMPTY = -1


class Sources(NamedTuple):
    """Modules of the example."""

    movielens: ModuleType
    factorisation: ModuleType
    ranking: ModuleType


@pytest.fixture(scope="module")
def sources() -> Sources:
    sys.path.insert(0, str(EXAMPLE))
    try:
        import factorisation
        import movielens
        import ranking
    finally:
        sys.path.remove(str(EXAMPLE))
    return Sources(movielens, factorisation, ranking)


@pytest.fixture(scope="module")
def data(sources: Sources) -> Any:
    ratings, users, films = sources.movielens.read(BUILT / "data/recbole/dataset_example/ml-100k")
    return sources.movielens.split(ratings, len(users), len(films), start=sources.movielens.TEST)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.open(REGISTRY / "recommend" / "1")


@pytest.fixture(scope="module")
def original() -> Any:
    import keras

    return keras.models.load_model(BUILT / "recommend.keras")


def answer(model: Model, user: Any, liked: Any = ()) -> Mapping[str, np.ndarray]:
    """Return the outputs for users ``[batch]`` and lists of at most 20 films."""
    users = np.reshape(np.array(user, np.int32), (-1, 1))
    films = np.full((len(users), 20), EMPTY, np.int32)
    for row, listed in zip(films, liked, strict=False):
        row[: len(listed)] = listed
    return model.predict(Call({"user": users, "liked": films})).outputs


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "lightship", *arguments, "--registry", str(REGISTRY)]
    return subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)


def test_compiled_model_on_test_rows_recommends_films_of_keras_model(model: Model, original: Any) -> None:
    rows = np.load(BUILT / "recommend.npz")
    inputs = {name: rows[name][::3] for name in ("user", "liked")}
    expected = original.predict(inputs, batch_size=64, verbose=0)
    compiled = model.predict(Call(inputs)).outputs
    # The variant that is served has weights of eight bits: nearly equal films may change places.
    shared = [len(np.intersect1d(*lists)) for lists in zip(compiled["films"], expected["films"], strict=True)]
    assert np.mean(shared) > 9.5
    np.testing.assert_allclose(compiled["score"], expected["score"], atol=2e-3)
    same = compiled["films"] == expected["films"]
    assert (compiled["because"][same] == expected["because"][same]).mean() > 0.95


def test_recommendations_for_every_user_are_films_without_rating(model: Model, data: Any) -> None:
    films = answer(model, np.arange(len(data.history)))["films"]
    assert (np.take_along_axis(data.history, films, 1) == 0).all()
    assert all(len(set(row)) == len(row) for row in films.tolist())


def test_recommendations_with_liked_films_are_others(model: Model) -> None:
    first = answer(model, [EMPTY])["films"][0]
    outputs = answer(model, [EMPTY, 0], [first, first])
    assert not np.isin(outputs["films"], first).any()


def test_recommendations_without_user_and_films_are_most_popular(model: Model, data: Any, sources: Sources) -> None:
    outputs = answer(model, [EMPTY])
    popular = sources.factorisation.popularity(data.train, data.history.shape[1])
    np.testing.assert_array_equal(outputs["films"][0], np.argsort(-popular, kind="stable")[:10])
    assert (outputs["because"] == EMPTY).all()


def test_recommendations_of_one_liked_film_have_one_reason(model: Model) -> None:
    because = answer(model, [EMPTY], [[0]])["because"][0]
    assert set(because[:, 0].tolist()) <= {0, EMPTY} and 0 in because[:, 0]
    assert (because[:, 1:] == EMPTY).all()


def test_reasons_of_users_are_largest_parts_of_logits(original: Any, data: Any, sources: Sources) -> None:
    vectors, weights, popular = (original.get_layer(name).get_weights()[0] for name in ("film", "marks", "popularity"))
    users = data.users[:40]
    inputs = {"user": users[:, None].astype("int32"), "liked": np.full((len(users), 20), EMPTY, np.int32)}
    outputs = original.predict(inputs, verbose=0)
    for row, (history, films) in enumerate(zip(data.history[users], outputs["films"], strict=True)):
        shares = weights[history, 0] / (np.abs(weights[history, 0]).sum() + sources.factorisation.FADED)
        logits = np.where(history > 0, -np.inf, vectors @ (shares @ vectors) + popular[0])
        scores = np.exp(logits - logits.max())
        np.testing.assert_allclose(outputs["score"][row], (scores / scores.sum())[films], rtol=1e-3)

        parts = shares * (vectors[films] @ vectors.T)
        np.testing.assert_allclose(parts.sum(1) + popular[0, films], logits[films], rtol=1e-3)
        reasons = outputs["because"][row]
        found = np.where(reasons >= 0, np.take_along_axis(parts, np.maximum(reasons, 0), 1), 0)
        largest = np.sort(parts, axis=1)[:, :-4:-1]
        np.testing.assert_allclose(found, np.maximum(largest, 0), rtol=1e-3, atol=1e-6)


def test_answer_of_row_is_same_alone_and_among_others(model: Model) -> None:
    together = answer(model, [5, EMPTY, 900], [[], [3, 7], [100]])
    alone = answer(model, [EMPTY], [[3, 7]])
    np.testing.assert_array_equal(together["films"][1], alone["films"][0])
    np.testing.assert_array_equal(together["because"][1], alone["because"][0])


def test_quality_of_compiled_model_is_above_popularity(model: Model, data: Any, sources: Sources) -> None:
    targets = data.targets[data.users]
    ours = sources.ranking.ndcg(answer(model, data.users)["films"], targets)
    popular = sources.factorisation.popularity(data.train, targets.shape[1])
    lists = sources.ranking.best(np.tile(popular, (len(targets), 1)), data.history[data.users] > 0)
    _, low, _ = sources.ranking.interval(ours - sources.ranking.ndcg(lists, targets))
    assert low > 0.03


def test_training_for_few_epochs_repeats_exactly_and_beats_popularity(data: Any, sources: Sources) -> None:
    users, films = data.history.shape
    marks, targets = data.history[data.users], data.targets[data.users]
    first, second = (
        sources.factorisation.train(data.train, users, films, epochs=6).predict(marks, batch_size=256, verbose=0)
        for _ in range(2)
    )
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-4)
    popular = np.tile(sources.factorisation.popularity(data.train, films), (len(marks), 1))
    ours, theirs = (sources.ranking.ndcg(sources.ranking.best(each, marks > 0), targets) for each in (first, popular))
    assert ours.mean() > theirs.mean()


def test_split_by_time_has_no_target_in_training_or_history(data: Any) -> None:
    assert not (data.targets & (data.history > 0)).any()
    assert not data.targets[data.train.user, data.train.film].any()


def test_prediction_of_file_of_users_names_ten_films_each() -> None:
    lines = [json.loads(line) for line in (EXAMPLE / "users.jsonl").read_text("utf-8").splitlines()]
    films = set((BUILT / "recommend" / "films.txt").read_text("utf-8").splitlines())
    inputs = {name: [line.get(name) for line in lines] for name in ("user", "liked")}
    done = command("predict", "recommend", json.dumps({"input": inputs}), "--json")
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)["predictions"]["films"]
    assert [len(set(row) & films) for row in answers] == [10] * len(lines)


@pytest.mark.parametrize(
    ("inputs", "named"),
    [({"user": "9999"}, "9999"), ({"liked": ["Toy Stori (1995)"]}, "Toy Story (1995)"), ({"film": ["x"]}, "film")],
    ids=["user", "film", "input"],
)
def test_prediction_of_unknown_name_is_refused_in_one_sentence(inputs: Mapping[str, Any], named: str) -> None:
    done = command("predict", "recommend", json.dumps({"input": inputs}))
    assert done.returncode == 2
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_prediction_of_more_films_than_model_takes_is_refused() -> None:
    films = (BUILT / "recommend" / "films.txt").read_text("utf-8").splitlines()[:21]
    done = command("predict", "recommend", json.dumps({"input": {"liked": films}}))
    assert done.returncode == 2
    assert "20" in done.stderr
