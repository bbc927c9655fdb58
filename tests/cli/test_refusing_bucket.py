"""``lightship batch`` with a bucket that refuses requests."""

from __future__ import annotations

import pytest

from lightship.jobs import operations
from tests.aws.test_refusals import REFUSALS
from tests.cli.conftest import EmulatedStack
from tests.emulator import ROOT
from tests.jobs.faults.proxy import Refusal, proxy

PATIENTS = ROOT / "examples" / "quickstart" / "patients.csv"
OWNER = "arn:aws:sts::123456789012:user/moto"


LASTING = [each for each in REFUSALS if each.status < 500 and each.code != "NoSuchBucket"]


@pytest.mark.parametrize("refusal", LASTING, ids=lambda refusal: refusal.code)
def test_batch_with_refusing_bucket_says_why_and_starts_no_job(
    stack: EmulatedStack, monkeypatch: pytest.MonkeyPatch, s3_endpoint: str, refusal: Refusal
) -> None:
    with proxy(s3_endpoint) as network:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", network.endpoint)
        for allowed in range(5):  # a listing, the upload, and the reads of file, state and manifest
            network.begin(lambda number, allowed=allowed: refusal if number > allowed else "")
            result = stack.run("batch", "quickstart", str(PATIENTS))
            assert network.injected
            assert result.exit_code == 2, result.output
            assert "Traceback" not in result.stderr
            sentence = " ".join(result.stderr.split())
            assert REFUSALS[refusal] in sentence or (refusal.code == "AccessDenied" and "not allowed" in sentence)
        assert operations.jobs(stack.cloud, owner=OWNER) == []
        assert stack.receive(stack.queues["split"]) == []
