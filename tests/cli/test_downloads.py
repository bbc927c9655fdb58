"""Downloads of job results that fail: what was there before remains."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.cli.bucket import downloads
from lightship.errors import InvalidInput
from tests.cli.conftest import EmulatedStack


def test_save_rejected_with_missing_part_keeps_existing_file(stack: EmulatedStack, tmp_path: Path) -> None:
    cloud, target = stack.cloud, tmp_path / "rejected.jsonl"
    target.write_text("before\n")
    cloud.s3.put_object(Bucket=cloud.bucket, Key="errors/1", Body=b"{}\n")
    receipt = {"errors": [{"key": "errors/1"}, {"key": "errors/2"}]}
    with pytest.raises(cloud.s3.exceptions.NoSuchKey):
        downloads.save_rejected(cloud, receipt, target)
    assert target.read_text() == "before\n"
    cloud.s3.put_object(Bucket=cloud.bucket, Key="errors/2", Body=b"[]\n")
    downloads.save_rejected(cloud, receipt, target)
    assert target.read_text() == "{}\n[]\n"


def test_save_result_without_parts_to_unwritable_folder_is_refused(stack: EmulatedStack, tmp_path: Path) -> None:
    output = tmp_path / "file" / "scored"
    output.parent.write_text("")
    with pytest.raises(InvalidInput, match="file/scored"):
        downloads.save(stack.cloud, {"parts": [], "options": {"single": False}}, output)
