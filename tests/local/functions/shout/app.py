"""Function of the tests: writes records of a queue to the bucket.

A record with "poison" is reported as failed; one with "crash" ends the process.
"""

import os

import boto3


def handler(event, context):
    s3 = boto3.client("s3")
    failed = []
    for record in event["Records"]:
        if "poison" in record["body"]:
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        if "crash" in record["body"]:
            os._exit(1)
        key = f"out/{record['messageId']}"
        s3.put_object(Bucket=os.environ["LIGHTSHIP_BUCKET"], Key=key, Body=record["body"].encode())
    return {"batchItemFailures": failed}
