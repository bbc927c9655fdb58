"""What the ledger's items mean."""

from __future__ import annotations

from lightship.jobs.ledger.items import Tally, to_tally


def test_a_tally_that_is_only_just_begun_counts_nothing() -> None:
    assert to_tally({"job": "1", "item": "tally#0000"}) == Tally()
