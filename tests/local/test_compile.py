"""The repository's template, running: a dropped model file is compiled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lightship.local.stack import Stack
from tests.emulator import EXAMPLES, ROOT
from tests.local.test_stack import BUCKET, wait_for

TFLITE = EXAMPLES / "quickstart" / "1" / "model.tflite"


def test_stack_dropped_model_file_is_published_and_worker_ends() -> None:
    failures: list[str] = []
    with Stack(
        ROOT / "template.yaml",
        overrides={"Registry": "bucket"},
        on_failure=lambda function, reason: failures.append(f"{function}: {reason}"),
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
        assert (record["state"], record.get("version"), failures) == ("published", 1, []), record
        assert stack.functions["CompileWorkerFunction"].processes() == []
        log = Path(stack.folder, "CompileWorkerFunction.log").read_text()
        assert record["correlation"] in log
        assert "Signature" not in log + Path(stack.folder, "CompileFunction.log").read_text()
