"""State of a model: history of its routing, and rollbacks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightship.errors import LightshipError, NotFound, RegistryError, StateError
from lightship.registry.state import MAX_ENTRIES, Routing, State

OFFERED = State(versions=(1, 2, 3))


def production(state: State, *versions: int) -> State:
    """Return the state after labelling these versions production in turn."""
    for version in versions:
        state = state.reroute(Routing(labels={"production": version}))
    return state


def production_of(state: State) -> int | None:
    return state.routing.labels.get("production")


def as_written_by_0_1_0(state: State, previous: Routing | None) -> bytes:
    record: dict[str, Any] = json.loads(state.to_bytes())
    del record["history"]
    record["previous"] = None if previous is None else json.loads(State(routing=previous).to_bytes())["routing"]
    return json.dumps(record).encode()


def test_rollback_repeated_goes_back_to_first_entry() -> None:
    state = production(OFFERED, 1, 2, 3)
    seen = []
    for _ in range(3):
        state = state.rollback()
        seen.append(production_of(state))
    assert seen == [2, 1, None]
    with pytest.raises(RegistryError):
        state.rollback()


def test_rollback_after_new_change_restores_previous_routing() -> None:
    state = production(production(OFFERED, 1, 2).rollback(), 3)
    state = state.rollback()
    assert production_of(state) == 1
    assert production_of(state.rollback()) is None


def test_rollback_to_later_entry_restores_routing() -> None:
    state = production(OFFERED, 1, 2, 3).rollback().rollback()
    assert production_of(state) == 1
    state = state.rollback(4)
    assert production_of(state) == 3
    assert production_of(state.rollback()) == 2


def test_rollback_to_current_routing_changes_nothing() -> None:
    state = production(OFFERED, 1, 2)
    assert state.rollback(3) is state


def test_reroute_to_current_routing_keeps_history() -> None:
    state = production(OFFERED, 1, 2)
    assert production(state, 2) is state
    assert production_of(state.rollback()) == 1


@pytest.mark.parametrize("number", [0, 4, 99])
def test_rollback_to_unknown_entry_is_refused(number: int) -> None:
    with pytest.raises(NotFound):
        production(OFFERED, 1, 2).rollback(number)


@pytest.mark.parametrize("to", [None, 2])
def test_rollback_to_withdrawn_version_is_refused(to: int | None) -> None:
    state = production(OFFERED, 1, 2).withdraw(1)
    with pytest.raises(LightshipError, match="version 1"):
        state.rollback(to)


def test_history_is_bounded_and_rollback_beyond_is_refused() -> None:
    state = production(OFFERED, *[1, 2] * MAX_ENTRIES)
    assert len(state.history) == MAX_ENTRIES
    assert state.history[-1].number == 2 * MAX_ENTRIES + 1
    with pytest.raises(RegistryError):
        for _ in range(MAX_ENTRIES):
            state = state.rollback()


def test_state_round_trips() -> None:
    state = production(OFFERED, 1, 2).rollback().reroute(Routing(traffic={1: 90.0, 2: 10.0}, shadows={3: 0.5}))
    assert State.from_bytes(state.to_bytes()) == state


def test_state_of_0_1_0_rolls_back_to_previous_routing() -> None:
    written = as_written_by_0_1_0(State((1, 2), routing=Routing({"production": 2})), Routing({"production": 1}))
    state = State.from_bytes(written)
    assert [production_of(State(routing=entry.routing)) for entry in state.entries] == [1, 2]
    assert production_of(state.rollback()) == 1


@pytest.mark.parametrize("previous", [None, Routing({"production": 2})], ids=["none", "used up by a repetition"])
def test_state_of_0_1_0_without_another_routing_has_nothing_to_roll_back_to(previous: Routing | None) -> None:
    state = State.from_bytes(as_written_by_0_1_0(State((1, 2), routing=Routing({"production": 2})), previous))
    with pytest.raises(RegistryError):
        state.rollback()


def test_to_bytes_includes_previous_routing_for_0_1_0() -> None:
    state = production(OFFERED, 1, 2, 3).rollback()
    record = json.loads(state.to_bytes())
    assert record["routing"]["labels"] == {"production": 2}
    assert record["previous"]["labels"] == {"production": 1}
    assert json.loads(OFFERED.to_bytes())["previous"] is None


def test_entries_include_manually_edited_routing() -> None:
    record = json.loads(production(OFFERED, 1).to_bytes())
    record["routing"]["labels"]["production"] = 3
    state = State.from_bytes(json.dumps(record).encode())
    assert production_of(state.rollback()) == 1
    assert production_of(production(state, 2).rollback()) == 3


@pytest.mark.parametrize("history", [1, [{}], [{"number": "x"}], ["a"], None])
def test_from_bytes_malformed_history_is_refused(history: Any) -> None:
    record = json.loads(OFFERED.to_bytes()) | {"history": history}
    with pytest.raises(RegistryError):
        State.from_bytes(json.dumps(record).encode(), "m/state.json")


@pytest.mark.parametrize("data", [b'{"versions": ' + b"[" * 100_000, OFFERED.to_bytes().replace(b"3", b"1e999")])
def test_from_bytes_hostile_numbers_and_nesting_are_refused(data: bytes) -> None:
    with pytest.raises(StateError, match=r"m/state\.json"):
        State.from_bytes(data, "m/state.json")
