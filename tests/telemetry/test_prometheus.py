"""Test the metrics with Prometheus's own parser, also with hostile requests."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from lightship.telemetry.prometheus import Metrics
from tests.telemetry.exchanges import exchange

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def samples(text: bytes) -> Samples:
    """Return values by name and labels."""
    found: Samples = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_exposition_counts_answers_refusals_rows_and_time() -> None:
    metrics = Metrics()
    metrics.observe(exchange())
    metrics.observe(exchange(rows=5, seconds=0.3))
    metrics.observe(exchange(status=400, refusal="invalid_input", rows=7))
    found = samples(metrics.exposition([("churn", 3), ("digits", 1)]))
    version = (("model", "churn"), ("version", "3"))
    route = ("route", "/models/{name}/predict")
    of = {status: (("method", "POST"), version[0], route, ("status", status), version[1]) for status in ("200", "400")}
    assert {tuple(sorted(of["200"])): 2.0, tuple(sorted(of["400"])): 1.0} == found["lightship_requests_total"]
    assert found["lightship_refusals_total"] == {(("code", "invalid_input"), *version): 1.0}
    assert found["lightship_rows_total"] == {version: 7.0}
    below = {dict(labels)["le"]: value for labels, value in found["lightship_request_duration_seconds_bucket"].items()}
    assert (below["0.0025"], below["0.005"], below["0.25"], below["0.5"], below["+Inf"]) == (0, 2, 2, 3, 3)
    assert found["lightship_model_loaded"] == {version: 1.0, (("model", "digits"), ("version", "1")): 1.0}
    assert found["process_resident_memory_bytes"][()] > 10**6


def test_exposition_after_unload_omits_version() -> None:
    metrics = Metrics()
    metrics.exposition([("churn", 3)])
    assert "lightship_model_loaded" not in samples(metrics.exposition([]))


def test_labels_of_random_requests_are_bounded() -> None:
    metrics = Metrics()
    for number in range(2000):
        strange = exchange(method=f"M{number}", path=f"/{number}", route="", status=404, model="", version=0, rows=0)
        metrics.observe(strange._replace(refusal="not_found", caller=str(number), correlation=str(number)))
    found = samples(metrics.exposition([]))
    assert len(found["lightship_requests_total"]) == len(found["lightship_refusals_total"]) == 1
    assert dict(next(iter(found["lightship_requests_total"])))["method"] == "other"
