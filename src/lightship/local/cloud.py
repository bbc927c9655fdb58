"""Local S3, EventBridge, SQS and DynamoDB: moto with a template's resources."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Any

from lightship.errors import SettingError
from lightship.extras import require
from lightship.local import children
from lightship.local.template.parts import Bucket, Queue, Rule, Schedule, Table, Wiring
from lightship.local.template.wiring import REGION


class Cloud:
    """A moto server in its own process, because this one serves predictions.

    Args:
        folder: the folder of its log (``aws.log``).
        port: port on the loopback interface; 0 selects a free one.

    Raises SettingError if the port is in use, MissingExtra if moto is not installed.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        require("local", "local S3 and SQS")
        listener = _listen(port)
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
        }
        self._log = folder / "aws.log"
        settings = {"AWS_EC2_METADATA_DISABLED": "true", "MOTO_DISABLE_GLOBAL_CORS": "1"}
        with listener, self._log.open("ab") as log:  # connections wait in the backlog until moto starts
            descriptor = listener.fileno()
            self.process = children.start(
                "lightship.local.aws",
                str(descriptor),
                environment=children.environment() | settings,
                folder=folder,
                log=log,
                pass_fds=[descriptor],
            )

    def client(self, service: str, *, attempts: int = 3) -> Any:
        """Return a boto3 client of this server, independent of the environment."""
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - moto requires some
        make: Any = session.client  # typed for each service by its literal name
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts}, proxies={}, max_pool_connections=50
        )
        return make(service, endpoint_url=self.endpoint, config=config)

    def make(self, wiring: Wiring) -> None:
        """Create all buckets, queues, rules, tables and schedules.

        Raises SettingError with moto's message.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._make(wiring)
        except ClientError as error:
            raise SettingError(f"cannot create the template's resources locally: {error}") from None
        except BotoCoreError as error:
            raise SettingError(f"the local AWS API does not answer: {error} (see {self._log})") from None

    def begin_close(self) -> None:
        """Make the server begin to exit; :meth:`close` waits for it."""
        children.close_stdin([self.process])

    def close(self) -> None:
        """End the server and discard its data."""
        children.end([self.process])

    def _make(self, wiring: Wiring) -> None:
        sqs, events, s3 = self.client("sqs"), self.client("events"), self.client("s3")
        make_queues(sqs, list(wiring.queues.values()))
        for bus in wiring.buses:
            events.create_event_bus(Name=bus)
        for rule in wiring.rules.values():
            make_rule(events, rule)
        for bucket in wiring.buckets.values():
            make_bucket(s3, bucket)
        if wiring.tables:
            dynamodb = self.client("dynamodb")
            for table in wiring.tables.values():
                make_table(dynamodb, table)
        if wiring.schedule_groups or wiring.schedules:
            make_schedules(self.client("scheduler"), wiring.schedule_groups, list(wiring.schedules.values()))


def make_queues(sqs: Any, queues: list[Queue]) -> None:
    """Create queues, then set their redrive policies, whose targets must exist."""
    for queue in queues:
        sqs.create_queue(QueueName=queue.name, Attributes=dict(queue.attributes))
    for queue in queues:
        if queue.redrive is not None:
            policy = {"RedrivePolicy": json.dumps(dict(queue.redrive))}
            sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=policy)


def make_rule(events: Any, rule: Rule) -> None:
    """Create a rule with its targets."""
    events.put_rule(Name=rule.name, EventBusName=rule.bus, EventPattern=json.dumps(rule.pattern))
    events.put_targets(Rule=rule.name, EventBusName=rule.bus, Targets=[dict(target) for target in rule.targets])


def make_bucket(s3: Any, bucket: Bucket) -> None:
    """Create a bucket with its versioning, CORS rules and EventBridge notifications."""
    s3.create_bucket(Bucket=bucket.name)
    if bucket.versioned:
        s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    if bucket.cors:
        s3.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": [dict(rule) for rule in bucket.cors]})
    if bucket.events:
        s3.put_bucket_notification_configuration(
            Bucket=bucket.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )


def make_table(dynamodb: Any, table: Table) -> None:
    """Create a table with its expiry attribute.

    moto deletes no expired items; readers filter them.
    """
    dynamodb.create_table(TableName=table.name, **table.definition)
    if table.expires is not None:
        specification = {"Enabled": True, "AttributeName": table.expires}
        dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=specification)


def make_schedules(scheduler: Any, groups: tuple[str, ...], schedules: list[Schedule]) -> None:
    """Create schedules in their groups. moto does not run them; they can be read."""
    for group in groups:
        scheduler.create_schedule_group(Name=group)
    for schedule in schedules:
        scheduler.create_schedule(Name=schedule.name, **schedule.definition)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        other = ": choose another with --port or --aws-port" if error.errno == errno.EADDRINUSE else ""
        raise SettingError(f"cannot listen on 127.0.0.1 port {port}: {os.strerror(error.errno or 0)}{other}") from None
    return listener
