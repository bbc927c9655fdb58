"""S3, EventBridge, SQS and DynamoDB on this machine: moto in a process of its own, and a wiring's resources in it."""

from __future__ import annotations

import errno
import json
import os
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lightship.errors import SettingError
from lightship.local import children
from lightship.local.template.parts import Bucket, Queue, Rule, Schedule, Table, Wiring
from lightship.local.template.wiring import REGION


class Cloud:
    """A running moto server. In a process of its own, because predictions share this one.

    Args:
        folder: where its log is (``aws.log``).
        port: on the loopback interface; 0 takes a free one. Raises SettingError where it is taken, or without moto.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        if find_spec("moto") is None or find_spec("flask") is None:
            raise SettingError("S3 and SQS on this machine need moto: pip install 'lightship[local]'")
        listener = _listen(port)
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
        }
        self._log = folder / "aws.log"
        quiet = {"AWS_EC2_METADATA_DISABLED": "true", "MOTO_DISABLE_GLOBAL_CORS": "1"}
        with listener, self._log.open("ab") as log:  # whoever connects before moto is there waits in the backlog
            descriptor = listener.fileno()
            self.process = children.start(
                "lightship.local.aws",
                str(descriptor),
                environment=children.environment() | quiet,
                folder=folder,
                log=log,
                pass_fds=[descriptor],
            )

    def client(self, service: str, *, attempts: int = 3) -> Any:
        """A boto3 client of this cloud, whatever the environment says."""
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - moto asks for any
        make: Any = session.client  # typed for each service by its literal name
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts}, proxies={}, max_pool_connections=50
        )
        return make(service, endpoint_url=self.endpoint, config=config)

    def make(self, wiring: Wiring) -> None:
        """Make every bucket, queue, rule, table and schedule; raises SettingError with what moto said."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._make(wiring)
        except ClientError as error:
            raise SettingError(f"cannot make the template's resources here: {error}") from None
        except BotoCoreError as error:
            raise SettingError(f"the AWS API on this machine does not answer: {error} (see {self._log})") from None

    def hang_up(self) -> None:
        """Have the server end by itself, while others do."""
        children.hang_up([self.process])

    def close(self) -> None:
        """End the server; what is in it is gone."""
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
    """Make queues, then tell each where its dead letters go: that queue has to be there."""
    for queue in queues:
        sqs.create_queue(QueueName=queue.name, Attributes=dict(queue.attributes))
    for queue in queues:
        if queue.redrive is not None:
            policy = {"RedrivePolicy": json.dumps(dict(queue.redrive))}
            sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=policy)


def make_rule(events: Any, rule: Rule) -> None:
    """Make a rule with its targets."""
    events.put_rule(Name=rule.name, EventBusName=rule.bus, EventPattern=json.dumps(rule.pattern))
    events.put_targets(Rule=rule.name, EventBusName=rule.bus, Targets=[dict(target) for target in rule.targets])


def make_bucket(s3: Any, bucket: Bucket) -> None:
    """Make a bucket, versioned and sending events where it says so."""
    s3.create_bucket(Bucket=bucket.name)
    if bucket.versioned:
        s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    if bucket.events:
        s3.put_bucket_notification_configuration(
            Bucket=bucket.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )


def make_table(dynamodb: Any, table: Table) -> None:
    """Make a table; its expiry too, although moto deletes nothing: readers filter."""
    dynamodb.create_table(TableName=table.name, **table.definition)
    if table.expires is not None:
        specification = {"Enabled": True, "AttributeName": table.expires}
        dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=specification)


def make_schedules(scheduler: Any, groups: tuple[str, ...], schedules: list[Schedule]) -> None:
    """Make schedules in their groups: there to be read, because moto has no clock."""
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
