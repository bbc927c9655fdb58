from __future__ import annotations

import pytest

from lightship.jobs.owners import owner_of


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        ("arn:aws:sts::1:assumed-role/Scorer/alice", "arn:aws:sts::1:assumed-role/Scorer"),
        ("arn:aws:sts::1:assumed-role/Scorer/i-0abc", "arn:aws:sts::1:assumed-role/Scorer"),
        ("arn:aws-cn:sts::1:assumed-role/Scorer/alice", "arn:aws-cn:sts::1:assumed-role/Scorer"),
        ("arn:aws:iam::1:user/team/alice", "arn:aws:iam::1:user/team/alice"),
        ("arn:aws:sts::1:federated-user/alice", "arn:aws:sts::1:federated-user/alice"),
        ("arn:aws:iam::1:root", "arn:aws:iam::1:root"),
    ],
)
def test_owner_of_a_role_session_is_the_role(arn: str, owner: str) -> None:
    assert owner_of(arn) == owner
