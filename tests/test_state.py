"""The history of a model's routing, and rollbacks through it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightship.errors import LightshipError, NotFound, RegistryError
from lightship.registry.state import KEPT, Routing, State

OFFERED = State(versions=(1, 2, 3))


def production(state: State, *versions: int) -> State:
    """The state with these versions labelled production, one after another."""
    for version in versions:
        state = state.reroute(Routing(labels={"production": version}))
    return state


def answering(state: State) -> int | None:
    return state.routing.labels.get("production")


def as_written_by_0_1_0(state: State, previous: Routing | None) -> bytes:
    record: dict[str, Any] = json.loads(state.to_bytes())
    del record["history"]
    record["previous"] = None if previous is None else json.loads(State(routing=previous).to_bytes())["routing"]
    return json.dumps(record).encode()


def test_rollback_repeated_walks_back_and_ends_at_the_first_entry() -> None:
    state = production(OFFERED, 1, 2, 3)
    seen = []
    for _ in range(3):
        state = state.rollback()
        seen.append(answering(state))
    assert seen == [2, 1, None]
    with pytest.raises(RegistryError):
        state.rollback()


def test_rollback_after_a_new_change_returns_to_what_was_before_it() -> None:
    state = production(production(OFFERED, 1, 2).rollback(), 3)
    state = state.rollback()
    assert answering(state) == 1
    assert answering(state.rollback()) is None


def test_rollback_to_an_entry_leads_forward_too_and_further_back_from_there() -> None:
    state = production(OFFERED, 1, 2, 3).rollback().rollback()
    assert answering(state) == 1
    state = state.rollback(4)
    assert answering(state) == 3
    assert answering(state.rollback()) == 2


def test_rollback_to_the_routing_in_force_changes_nothing() -> None:
    state = production(OFFERED, 1, 2)
    assert state.rollback(3) is state


def test_reroute_to_the_present_routing_keeps_the_history() -> None:
    state = production(OFFERED, 1, 2)
    assert production(state, 2) is state
    assert answering(state.rollback()) == 1


@pytest.mark.parametrize("number", [0, 4, 99])
def test_rollback_to_an_unknown_entry_is_refused(number: int) -> None:
    with pytest.raises(NotFound):
        production(OFFERED, 1, 2).rollback(number)


@pytest.mark.parametrize("to", [None, 2])
def test_rollback_to_a_withdrawn_version_is_refused(to: int | None) -> None:
    state = production(OFFERED, 1, 2).withdraw(1)
    with pytest.raises(LightshipError, match="version 1"):
        state.rollback(to)


def test_history_is_bounded_and_its_end_is_an_error() -> None:
    state = production(OFFERED, *[1, 2] * KEPT)
    assert len(state.history) == KEPT
    assert state.history[-1].number == 2 * KEPT + 1
    with pytest.raises(RegistryError):
        for _ in range(KEPT):
            state = state.rollback()


def test_state_survives_writing_and_reading() -> None:
    state = production(OFFERED, 1, 2).rollback().reroute(Routing(traffic={1: 90.0, 2: 10.0}, shadows={3: 0.5}))
    assert State.from_bytes(state.to_bytes()) == state


def test_state_of_0_1_0_rolls_back_to_its_previous_routing() -> None:
    written = as_written_by_0_1_0(State((1, 2), routing=Routing({"production": 2})), Routing({"production": 1}))
    state = State.from_bytes(written)
    assert [answering(State(routing=entry.routing)) for entry in state.entries] == [1, 2]
    assert answering(state.rollback()) == 1


@pytest.mark.parametrize("previous", [None, Routing({"production": 2})], ids=["none", "used up by a repetition"])
def test_state_of_0_1_0_without_another_routing_has_nothing_to_roll_back_to(previous: Routing | None) -> None:
    state = State.from_bytes(as_written_by_0_1_0(State((1, 2), routing=Routing({"production": 2})), previous))
    with pytest.raises(RegistryError):
        state.rollback()


def test_written_state_tells_readers_of_0_1_0_where_a_rollback_leads() -> None:
    state = production(OFFERED, 1, 2, 3).rollback()
    record = json.loads(state.to_bytes())
    assert record["routing"]["labels"] == {"production": 2}
    assert record["previous"]["labels"] == {"production": 1}
    assert json.loads(OFFERED.to_bytes())["previous"] is None


def test_a_routing_that_was_edited_by_hand_is_an_entry_of_its_own() -> None:
    record = json.loads(production(OFFERED, 1).to_bytes())
    record["routing"]["labels"]["production"] = 3
    state = State.from_bytes(json.dumps(record).encode())
    assert answering(state.rollback()) == 1
    assert answering(production(state, 2).rollback()) == 3


@pytest.mark.parametrize("history", [1, [{}], [{"number": "x"}], ["a"], None])
def test_a_history_that_is_not_one_is_a_state_error(history: Any) -> None:
    record = json.loads(OFFERED.to_bytes()) | {"history": history}
    with pytest.raises(RegistryError):
        State.from_bytes(json.dumps(record).encode(), "m/state.json")
