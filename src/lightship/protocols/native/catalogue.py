"""Models as the native protocol's catalogue shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.calls import Figures, Form, History, ModelState
from lightship.overview import Overview
from lightship.protocols.http import Response
from lightship.protocols.json import write


def encode_models(states: tuple[ModelState, ...]) -> Response:
    """Return the list of models."""
    return Response(200, write({"models": [_entry(state) for state in states]}))


def encode_model(state: ModelState) -> Response:
    """Return one model with its signatures."""
    record = _entry(state)
    if state.manifest is not None:
        record["signatures"] = [signature.to_json() for signature in state.manifest.signatures]
        record.setdefault("metrics", {})
        if state.manifest.card:
            record["card"] = dict(state.manifest.card)
    if state.shadows:
        record["shadows"] = {str(version): dict(comparison) for version, comparison in state.shadows.items()}
    return Response(200, write(record))


def encode_form(form: Form) -> Response:
    """Return what a page needs for a form of a version."""
    return Response(200, write({**form.record, "model": form.model, "version": form.version}))


def encode_history(history: History) -> Response:
    """Return the changes of labels and traffic, and what a rollback restores."""
    entries = [
        {
            "number": each.number,
            "change": each.change,
            "at": each.at,
            "labels": dict(each.labels),
            "traffic": _by_version(each.traffic),
            "mirrored": _by_version(each.mirrored),
            "current": each.current,
        }
        for each in history.entries
    ]
    return Response(200, write({"entries": entries, "previous": history.previous}))


def summary(state: ModelState) -> dict[str, Any]:
    """Return a model's versions and whether its default version answers."""
    record: dict[str, Any] = {"name": state.name, "version": state.version, "versions": list(state.versions)}
    record["state"] = "available" if state.error is None else "failed"
    if state.error is not None:
        record["error"] = state.error
    if state.answering is not None:
        record["answering"] = state.answering
    if state.withdrawn:
        record["withdrawn"] = list(state.withdrawn)
    if state.digest is not None:
        record["digest"] = state.digest
    return record


def _by_version(shares: Mapping[int, float]) -> dict[str, float]:
    """Return shares by version for JSON, whose keys are texts."""
    return {str(version): share for version, share in sorted(shares.items())}


def _entry(state: ModelState) -> dict[str, Any]:
    """Return a model's summary, its routing, and what its manifest tells."""
    record = summary(state)
    record["default"] = state.default
    record["labels"] = dict(state.labels)
    record["traffic"], record["mirrored"] = _by_version(state.traffic), _by_version(state.mirrored)
    if state.figures is not None:
        record["bytes"] = state.figures.size
    overview = state.overview
    if overview is None and state.manifest is not None and state.version is not None:
        overview = Overview.of(state.version, state.manifest)
    return record if overview is None else record | _described(overview, state.figures)


def _described(overview: Overview, figures: Figures | None) -> dict[str, Any]:
    record: dict[str, Any] = {"engine": overview.engine, "report": overview.report}
    if overview.kinds is not None:
        record["kinds"] = list(overview.kinds)
    if overview.purpose:
        record["purpose"] = overview.purpose
    metrics = {**(figures.metrics if figures else {}), **overview.metrics}
    return record | ({"metrics": metrics} if metrics else {})
