from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lightship.cli import lightship
from lightship.registry.registry import Registry
from tests.bundles import Registries, republish


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> Registry:
    registry = Registry(str(tmp_path / "models"))
    for _ in range(3):
        republish(registry, registries.small / "modes" / "1", "modes")
    return registry


def run(registry: Registry, *words: str) -> Result:
    return CliRunner().invoke(lightship, [*words, "--registry", registry.location])


def test_label_traffic_and_rollback_change_default_version(registry: Registry) -> None:
    assert registry.resolve("modes") == 3
    assert "version 2" in run(registry, "label", "modes", "production", "2").output
    assert registry.state("modes").routing.labels == {"production": 2}
    assert registry.resolve("modes") == 2
    shares = run(registry, "traffic", "modes", "1=90", "3=10").output
    assert "90 % to version 1" in shares
    assert "10 % to version 3" in shares
    assert registry.state("modes").routing.traffic == {1: 90, 3: 10}
    assert run(registry, "rollback", "modes").exit_code == 0
    assert registry.state("modes").routing.traffic == {}
    assert registry.resolve("modes") == 2
    run(registry, "rollback", "modes", "--to", "3")
    assert registry.state("modes").routing.traffic == {1: 90, 3: 10}
    assert "version 2" in run(registry, "traffic", "modes").output
    assert "0.1" in run(registry, "traffic", "modes", "3=shadow:10%").output
    run(registry, "label", "modes", "production", "--remove")
    assert registry.resolve("modes") == 3


def test_withdraw_version_takes_no_requests_and_keeps_files(registry: Registry) -> None:
    assert run(registry, "withdraw", "modes", "3").exit_code == 0
    assert registry.resolve("modes") == 2
    result = run(registry, "predict", "modes@3", "[1, 2]")
    assert result.exit_code == 2
    assert "withdrawn" in result.output
    assert registry.path("modes", 3).is_dir()
    assert "withdrawn" in run(registry, "show", "modes@3").output
    record = json.loads(run(registry, "show", "modes@3", "--json").output)
    assert (record["digest"], record["withdrawn"]) == (registry.bundle("modes", 3).digest, True)
    assert json.loads(run(registry, "show", "modes@2", "--json").output)["withdrawn"] is False
    assert "withdrawn" in run(registry, "push", "modes@3", registry.location + "-other").output


def measurements_of(registry: Registry) -> Path:
    registry.write_measurements("modes", 2, {"compiled": "today"})
    return Path(registry.location) / "modes" / "measurements" / "2.json"


def test_push_with_invalid_measurements_copies_version_with_warning(registry: Registry, tmp_path: Path) -> None:
    measurements_of(registry).write_text("[]")
    other = str(tmp_path / "other")
    result = run(registry, "push", "modes@2", other)
    assert result.exit_code == 0
    assert "modes/measurements/2.json" in result.output
    assert Registry(other).versions("modes") == [1]
    assert Registry(other).measurements("modes", 1) == {}


def test_push_with_linked_measurements_prints_warning(registry: Registry, tmp_path: Path) -> None:
    path = measurements_of(registry)
    path.rename(tmp_path / "secret.json")
    path.symlink_to(tmp_path / "secret.json")
    result = run(registry, "push", "modes@2", str(tmp_path / "other"))
    assert result.exit_code == 0
    assert "modes/measurements/2.json" in result.output
    assert Registry(str(tmp_path / "other")).measurements("modes", 1) == {}


def test_push_and_pull_copy_version(registry: Registry, tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    registry.write_measurements("modes", 2, {"compiled": "today"})
    assert f"modes version 1 in {other}" in run(registry, "push", "modes@2", other).output
    assert Registry(other).measurements("modes", 1) == {"compiled": "today"}
    assert Registry(other).open("modes").digest == registry.open("modes", 2).digest
    assert "modes version 4" in run(registry, "pull", "modes", other).output


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["label", "modes", "production", "9"], "version 9"),
        (["label", "modes", "production"], "--remove"),
        (["label", "unknown", "production", "1"], "'unknown'"),
        (["traffic", "modes", "1=50"], "50 %"),
        (["traffic", "modes", "1=50", "1=50"], "version 1"),
        (["traffic", "modes", "one=100"], "VERSION=PERCENT"),
        (["traffic", "modes", "1=-5"], "VERSION=PERCENT"),
        (["traffic", "modes", "9=100"], "version 9"),
        (["rollback", "modes"], "lightship label modes production 2"),
        (["label", "modes", "", "1"], "''"),
        (["label", "modes", "a/b c", "1"], "'a/b c'"),
        (["label", "modes", "a:b", "1"], "'a:b'"),
        (["withdraw", "modes", "9"], "version 9"),
        (["label", "modes", "typo", "--remove"], "'typo'"),
        (["traffic", "modes", "1=0", "2=100"], "version 1"),
        (["traffic", "modes", "1=shadow:0%"], "version 1"),
        (["rollback", "modes", "--to", "7"], "entry 7"),
        (["history", "unknown"], "'unknown'"),
    ],
)
def test_command_wrong_argument_is_named_and_changes_nothing(registry: Registry, words: list[str], named: str) -> None:
    before = registry.read_state("modes")
    result = run(registry, *words)
    assert result.exit_code == 2
    assert named in result.output
    assert registry.read_state("modes") == before


def test_label_invalid_in_state_can_be_removed(registry: Registry) -> None:
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"a/b": 1})))
    assert run(registry, "label", "modes", "a/b", "--remove").exit_code == 0
    assert registry.state("modes").routing.labels == {}


def test_withdraw_version_with_label_is_refused(registry: Registry) -> None:
    run(registry, "label", "modes", "production", "2")
    result = run(registry, "withdraw", "modes", "2")
    assert result.exit_code == 2
    assert "version 2" in result.output


def test_state_file_is_readable_json(registry: Registry) -> None:
    run(registry, "label", "modes", "staging", "1")
    record = json.loads((Path(registry.location) / "modes" / "state.json").read_text())
    assert record["routing"]["labels"] == {"staging": 1}
    assert record["versions"] == [1, 2, 3]


@pytest.mark.parametrize(
    "words",
    [
        ["label", "modes", "production", "2"],
        ["traffic", "modes", "1=90", "2=10"],
        ["traffic", "modes", "2=10", "1=90%"],
        ["withdraw", "modes", "3"],
    ],
)
def test_command_without_change_prints_unchanged_and_writes_nothing(registry: Registry, words: list[str]) -> None:
    run(registry, "label", "modes", "production", "2")
    run(registry, "traffic", "modes", "1=90", "2=10")
    run(registry, "withdraw", "modes", "3")
    before = registry.read_state("modes")
    result = run(registry, *words)
    assert result.exit_code == 0
    assert "unchanged" in result.output
    assert registry.read_state("modes") == before


def test_rollback_after_repeated_label_restores_previous_version(registry: Registry) -> None:
    for version in ("1", "2", "2"):
        assert run(registry, "label", "modes", "production", version).exit_code == 0
    assert run(registry, "rollback", "modes").exit_code == 0
    assert registry.resolve("modes") == 1


def test_rollback_prints_routing_before_and_after(registry: Registry) -> None:
    run(registry, "label", "modes", "production", "1")
    run(registry, "label", "modes", "production", "2")
    before, after = run(registry, "rollback", "modes").output.splitlines()
    assert "version 2" in before
    assert "version 1" in after


def test_rollback_from_newest_version_without_label_prints_label_command(registry: Registry) -> None:
    run(registry, "label", "modes", "staging", "1")
    output = run(registry, "rollback", "modes").output
    assert registry.resolve("modes") == 3
    assert "lightship label modes production 2" in output


def test_rollback_to_entry_of_withdrawn_version_names_history_of_model(registry: Registry) -> None:
    for version in ("1", "2"):
        run(registry, "label", "modes", "production", version)
    run(registry, "withdraw", "modes", "1")
    result = run(registry, "rollback", "modes")
    assert result.exit_code == 2
    assert "lightship history modes" in result.output


def test_history_lists_number_time_change_and_entry_in_force(registry: Registry) -> None:
    run(registry, "label", "modes", "production", "2")
    run(registry, "traffic", "modes", "1=90", "2=10")
    run(registry, "label", "modes", "production", "--remove")
    run(registry, "rollback", "modes")
    entries = json.loads(run(registry, "history", "modes", "--json").output)
    assert [entry["number"] for entry in entries] == [5, 4, 3, 2, 1]
    assert [entry["in_force"] for entry in entries] == [True, False, False, False, False]
    assert [entry["change"] for entry in entries[:4]] == [
        "rollback to 3",
        "label production --remove",
        "traffic 1=90 2=10",
        "label production 2",
    ]
    assert entries[0]["routing"] == {"labels": {"production": 2}, "traffic": {"1": 90.0, "2": 10.0}, "shadows": {}}
    assert all(datetime.fromisoformat(entry["at"]).tzinfo for entry in entries[:-1])
    assert "5 (in force)" in run(registry, "history", "modes").output


def test_history_in_80_columns_prints_whole_times(registry: Registry) -> None:
    run(registry, "label", "modes", "production", "2")
    run(registry, "traffic", "modes", "1=50", "2=30", "3=20")
    (entry, *_) = json.loads(run(registry, "history", "modes", "--json").output)
    table = CliRunner(env={"COLUMNS": "80"}).invoke(lightship, ["history", "modes", "--registry", registry.location])
    assert entry["at"] in table.output


def test_label_withdrawn_version_is_refused(registry: Registry) -> None:
    run(registry, "withdraw", "modes", "3")
    result = run(registry, "label", "modes", "production", "3")
    assert result.exit_code == 2
    assert "withdrawn" in result.output
