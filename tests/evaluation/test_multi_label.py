"""Outputs with several classes per row: probabilities, and columns of jobs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lightship.jobs.files.predictions import Scored, columns, names
from lightship.jobs.score import counting
from lightship.probabilities import by_class, probabilities
from lightship.tensors import Signature, TensorSpec

SPEC = TensorSpec("topics", "float32", (None, 2), classes=("news", "sport"), from_logits=True, multi_label=True)
LOGITS = np.array([[0.0, 5.0], [-5.0, -5.0], [3.0, 3.0]], np.float32)


def test_probabilities_of_several_classes_are_independent() -> None:
    found = probabilities(LOGITS, SPEC)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-LOGITS.astype(np.float64))), rtol=1e-6)
    assert probabilities(found, replace(SPEC, from_logits=False)).tolist() == found.tolist()


def test_by_class_of_one_class_has_one_probability() -> None:
    spec = TensorSpec("spam", "float32", (None, 1), classes=("spam",), multi_label=True)
    assert by_class(np.array([[0.25]], np.float32), spec) == [{"spam": np.float32(0.25)}]


def test_spec_in_manifest_keeps_multi_label() -> None:
    assert TensorSpec.from_json(SPEC.to_json()) == SPEC
    assert "multi_label" not in replace(SPEC, multi_label=False).to_json()


def test_job_columns_name_every_class_of_row() -> None:
    signature = Signature("s", (), (SPEC,))
    found = columns(signature, {"topics": LOGITS})
    assert names(signature, ()) == ("predicted_topics", "probability_news", "probability_sport")
    assert found[0] == ["news;sport", "", "news;sport"]
    assert counting.count(signature, ["news", "news", "news"], Scored(np.arange(3), found)) == {}
