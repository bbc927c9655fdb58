"""The repository's own template, running: a dropped model file is compiled by the worker that the broker invokes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lightship.local.stack import Stack
from tests.emulator import EXAMPLES, ROOT
from tests.local.test_stack import BUCKET, wait_for

TFLITE = EXAMPLES / "quickstart" / "1" / "model.tflite"


def test_dropped_model_file_becomes_a_version_and_no_worker_is_left() -> None:
    complaints: list[str] = []
    with Stack(
        ROOT / "template.yaml",
        overrides={"Registry": "bucket"},
        complain=lambda function, sentence: complaints.append(f"{function}: {sentence}"),
    ) as stack:
        s3 = stack.cloud.client("s3")
        s3.put_object(Bucket=BUCKET, Key="incoming/dropped.tflite", Body=TFLITE.read_bytes())

        def report() -> Any:
            found = s3.list_objects_v2(Bucket=BUCKET, Prefix="incoming/dropped.tflite.report").get("Contents")
            if not found:
                return None
            record = json.loads(s3.get_object(Bucket=BUCKET, Key=found[0]["Key"])["Body"].read())
            return record if record["state"] != "compiling" else None

        record = wait_for(report, 120.0)
        s3.close()
        assert (record["state"], record.get("version"), complaints) == ("published", 1, []), record
        assert stack.functions["CompileWorkerFunction"].processes() == []
        log = Path(stack.folder, "CompileWorkerFunction.log").read_text()
        assert record["correlation"] in log
        assert "Signature" not in log + Path(stack.folder, "CompileFunction.log").read_text()
