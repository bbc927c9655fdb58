"""Reader of a SAM template: the parts that run locally."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightship.errors import SettingError
from lightship.local.template import intrinsics
from lightship.local.template.parts import Bucket, FunctionSpec, Queue, Rule, Schedule, SourceMapping, Table, Wiring

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"

# By type of resource: the property with its name, and the format of its ARN.
_NAMED = {
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{name}"),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{region}:{account}:{name}"),
    "AWS::DynamoDB::Table": ("TableName", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    "AWS::Serverless::Function": ("FunctionName", "arn:aws:lambda:{region}:{account}:function:{name}"),
    "AWS::Events::Rule": ("Name", "arn:aws:events:{region}:{account}:rule/{name}"),
    "AWS::Events::EventBus": ("Name", "arn:aws:events:{region}:{account}:event-bus/{name}"),
    "AWS::Scheduler::ScheduleGroup": ("Name", "arn:aws:scheduler:{region}:{account}:schedule-group/{name}"),
    "AWS::Scheduler::Schedule": ("Name", ""),  # its ARN contains its group, and no template refers to it
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:{region}:{account}:log-group:{name}:*"),
    "AWS::IAM::Role": ("RoleName", "arn:aws:iam::{account}:role/{name}"),
}
_SCHEDULE = (
    "Description",
    "GroupName",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "FlexibleTimeWindow",
    "State",
    "Target",
)
_COMMAND = re.compile(r"^CMD\s+(\[.*\])\s*$", re.MULTILINE)
_ONCE = re.compile(r"^ENTRYPOINT\s.*\blightship\.handlers\.once\b", re.MULTILINE)
_QUEUE_ATTRIBUTES = (
    "VisibilityTimeout",
    "DelaySeconds",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "MaximumMessageSize",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
)


def read(
    path: Path, *, endpoint: str, overrides: Mapping[str, str] | None = None, stack: str = "lightship-local"
) -> Wiring:
    """Return the parts of a template as one deployment would have them.

    Args:
        path: the template; code is found relative to its folder.
        endpoint: the URL of the emulated AWS API, which queue URLs start with.
        overrides: values of parameters instead of their defaults.
        stack: the stack's name, with which generated names begin.

    Raises SettingError that names the resource which cannot run locally or is invalid on AWS too.
    """
    return _Reader(path, endpoint, overrides or {}, stack).wiring()


class _Reader:
    def __init__(self, path: Path, endpoint: str, overrides: Mapping[str, str], stack: str) -> None:
        self._root = path.parent
        self._endpoint = endpoint
        self._stack = stack
        document = intrinsics.load(path)
        pseudo = {
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack,
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/local",
        }
        self._scope = intrinsics.Scope(document, overrides, pseudo, self._lookup)
        self._outputs = document.get("Outputs") or {}
        self._globals = (document.get("Globals") or {}).get("Function") or {}
        self._resources: dict[str, dict[str, Any]] = {
            name: resource
            for name, resource in document["Resources"].items()
            if "Condition" not in resource or self._scope.holds(resource["Condition"], name)
        }

    def wiring(self) -> Wiring:
        for name in self._of("AWS::Lambda::EventSourceMapping"):
            raise _cannot(name, "define it as an SQS event of its function instead")
        self._queues = {name: self._queue(name) for name in self._of("AWS::SQS::Queue")}
        rules = {name: self._rule(name) for name in self._of("AWS::Events::Rule")}
        functions = {name: self._function(name) for name in self._of("AWS::Serverless::Function")}
        return Wiring(
            buckets={name: self._bucket(name) for name in self._of("AWS::S3::Bucket")},
            queues=self._queues,
            rules={name: rule for name, rule in rules.items() if rule is not None},
            tables={name: self._table(name) for name in self._of("AWS::DynamoDB::Table")},
            buses=tuple(self._name(name) for name in self._of("AWS::Events::EventBus")),
            functions=functions,
            mappings=tuple(mapping for name in functions for mapping in self._mappings(functions[name])),
            schedules={name: self._schedule(name) for name in self._of("AWS::Scheduler::Schedule")},
            schedule_groups=tuple(self._name(name) for name in self._of("AWS::Scheduler::ScheduleGroup")),
            environment=self._environment(),
        )

    def _of(self, kind: str) -> list[str]:
        return [name for name, resource in self._resources.items() if resource["Type"] == kind]

    def _properties(self, logical: str) -> dict[str, Any]:
        return self._resources[logical].get("Properties") or {}

    def _value(self, logical: str, *path: str, default: Any = None) -> Any:
        """Return a property with intrinsic functions evaluated.

        Other properties need not be supported locally.
        """
        value: Any = self._properties(logical)
        for key in path:
            value = self._scope.resolve(value.get(key), logical)
            if value is None or value is intrinsics.NO_VALUE:
                return default
        return value

    def _number(self, logical: str, value: Any) -> int:
        try:
            return int(value)
        except (TypeError, ValueError):
            raise _cannot(logical, f"{value!r} is not an integer") from None

    def _lookup(self, logical: str, attribute: str | None) -> str | None:
        kind = self._resources.get(logical, {}).get("Type")
        if kind not in _NAMED:
            return None
        name = self._name(logical)
        if attribute is None:
            return self._url(name) if kind == "AWS::SQS::Queue" else name
        if attribute == "Arn":
            return _NAMED[kind][1].format(name=name, region=REGION, account=ACCOUNT) or None
        return name if attribute in {"QueueName", "Name"} else None

    def _name(self, logical: str) -> str:
        name = self._value(logical, _NAMED[self._resources[logical]["Type"]][0])
        if name is not None:
            return str(name)
        if self._resources[logical]["Type"] == "AWS::S3::Bucket":
            return f"{self._stack}-{logical}".lower()
        fifo = ".fifo" if str(self._properties(logical).get("FifoQueue", "")).lower() == "true" else ""
        return f"{self._stack}-{logical}{fifo}"

    def _arn(self, logical: str) -> str:
        return str(self._lookup(logical, "Arn"))

    def _url(self, name: str) -> str:
        return f"{self._endpoint}/{ACCOUNT}/{name}"

    def _bucket(self, logical: str) -> Bucket:
        events = self._value(logical, "NotificationConfiguration", "EventBridgeConfiguration")
        return Bucket(
            name=self._name(logical),
            versioned=self._value(logical, "VersioningConfiguration", "Status") == "Enabled",
            # CloudFormation's default for EventBridgeEnabled is true
            events=events is not None and _true(events.get("EventBridgeEnabled", True)),
            cors=tuple(map(_cors_rule, self._value(logical, "CorsConfiguration", "CorsRules", default=()))),
        )

    def _queue(self, logical: str) -> Queue:
        name = self._name(logical)
        found = {key: self._value(logical, key) for key in _QUEUE_ATTRIBUTES}
        attributes = {key: _text(value) for key, value in found.items() if value is not None}
        return Queue(name, self._url(name), self._arn(logical), attributes, self._value(logical, "RedrivePolicy"))

    def _rule(self, logical: str) -> Rule | None:
        if self._value(logical, "State", default="ENABLED") == "DISABLED":
            return None
        pattern = self._value(logical, "EventPattern")
        if pattern is None:
            raise _cannot(logical, "it has no EventPattern")
        targets = self._value(logical, "Targets", default=[])
        for target in targets:
            self._check_target(logical, target)
            if unsupported := {"Input", "InputPath", "InputTransformer"} & set(target):
                raise _cannot(logical, f"its target changes the event ({', '.join(sorted(unsupported))})")
        keys = ("Id", "Arn", "SqsParameters")
        simplified = tuple({key: target[key] for key in keys if key in target} for target in targets)
        return Rule(self._name(logical), self._value(logical, "EventBusName", default="default"), pattern, simplified)

    def _schedule(self, logical: str) -> Schedule:
        found = {key: self._value(logical, key) for key in _SCHEDULE}
        definition = {key: value for key, value in found.items() if value is not None}
        self._check_target(logical, definition.get("Target", {}))
        return Schedule(self._name(logical), definition)

    def _check_target(self, logical: str, target: Mapping[str, Any]) -> None:
        if target.get("Arn") not in {queue.arn for queue in self._queues.values()}:
            raise _cannot(logical, f"its target {target.get('Arn')} is not a queue of this template")

    def _environment(self) -> dict[str, str]:
        output, where = self._outputs.get("Environment"), "output Environment"
        if output is None or ("Condition" in output and not self._scope.holds(output["Condition"], where)):
            return {}
        words = str(self._scope.resolve(output["Value"], where)).split()
        return {name: value for name, _, value in (word.partition("=") for word in words)}

    def _table(self, logical: str) -> Table:
        keys = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "ProvisionedThroughput")
        found = {key: self._value(logical, key) for key in keys}
        definition = {key: value for key, value in found.items() if value is not None}
        expires = self._value(logical, "TimeToLiveSpecification", "AttributeName")
        return Table(self._name(logical), definition, expires)

    def _function(self, logical: str) -> FunctionSpec:
        common = self._scope.resolve(self._globals, logical)
        variables = {
            **common.get("Environment", {}).get("Variables", {}),
            **self._value(logical, "Environment", "Variables", default={}),
        }
        folder, handler, once = self._code(logical)
        events = self._properties(logical).get("Events") or {}
        return FunctionSpec(
            logical=logical,
            name=self._name(logical),
            arn=self._arn(logical),
            folder=folder,
            handler=handler,
            timeout=self._number(logical, self._value(logical, "Timeout", default=common.get("Timeout", 3))),
            memory=self._number(logical, self._value(logical, "MemorySize", default=common.get("MemorySize", 128))),
            environment={key: _text(value) for key, value in variables.items()},
            http=any(event.get("Type") == "HttpApi" for event in events.values()),
            once=once,
        )

    def _code(self, logical: str) -> tuple[Path, str, bool]:
        """Return folder and handler, and whether a process serves one invocation only.

        An image's folder is that of its Dockerfile.
        """
        if self._value(logical, "PackageType", default="Zip") == "Zip":
            folder = self._root / str(self._value(logical, "CodeUri", default="."))
            return folder.resolve(), str(self._value(logical, "Handler")), False
        metadata = self._resources[logical].get("Metadata") or {}
        dockerfile = self._root / metadata.get("DockerContext", ".") / metadata.get("Dockerfile", "Dockerfile")
        text = _text_of(logical, dockerfile)
        command = self._value(logical, "ImageConfig", "Command") or _command(logical, dockerfile, text)
        return dockerfile.parent.resolve(), str(command[0]), _ONCE.search(text) is not None

    def _mappings(self, function: FunctionSpec) -> list[SourceMapping]:
        found = []
        for name, event in (self._properties(function.logical).get("Events") or {}).items():
            if event.get("Type") == "SQS":
                properties = self._scope.resolve(event.get("Properties") or {}, function.logical)
                found.append(self._mapping(function, f"{function.logical}.{name}", properties))
            elif event.get("Type") not in {"HttpApi", "Api"}:
                raise _cannot(
                    f"{function.logical}.{name}", f"event type {event.get('Type')} is not supported; use a queue"
                )
        return found

    def _mapping(self, function: FunctionSpec, where: str, properties: Mapping[str, Any]) -> SourceMapping:
        queue = next((queue for queue in self._queues.values() if queue.arn == properties.get("Queue")), None)
        if queue is None:
            raise _cannot(where, f"{properties.get('Queue')} is not a queue of this template")
        if "FilterCriteria" in properties:
            raise _cannot(where, "FilterCriteria is not supported")
        concurrency = (properties.get("ScalingConfig") or {}).get("MaximumConcurrency")
        mapping = SourceMapping(
            function=function.logical,
            queue=queue,
            batch_size=self._number(where, properties.get("BatchSize", 10)),
            window=self._number(where, properties.get("MaximumBatchingWindowInSeconds", 0)),
            reports="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
            concurrency=None if concurrency is None else self._number(where, concurrency),
        )
        _check(mapping, function, where)
        return mapping


def _check(mapping: SourceMapping, function: FunctionSpec, where: str) -> None:
    """Raise SettingError for a mapping that Lambda refuses at deployment."""
    if mapping.queue.fifo and (mapping.window or mapping.batch_size > 10):
        raise _cannot(where, "a FIFO queue allows no batching window and at most 10 messages per batch")
    if mapping.batch_size > 10 and not mapping.window:
        raise _cannot(where, "more than 10 messages per batch require a batching window of at least a second")
    if mapping.queue.visibility < function.timeout:
        raise _cannot(where, "the queue's visibility timeout is shorter than the function's timeout")
    if mapping.concurrency is not None and not 2 <= mapping.concurrency <= 1000:
        raise _cannot(where, "MaximumConcurrency must be from 2 to 1000")


def _text_of(logical: str, dockerfile: Path) -> str:
    try:
        return dockerfile.read_text()
    except OSError as error:
        raise _cannot(logical, f"{dockerfile}: {error.strerror}") from None


def _command(logical: str, dockerfile: Path, text: str) -> list[str]:
    commands = _COMMAND.findall(text)
    if not commands:
        raise _cannot(logical, f"{dockerfile} has no CMD, and the function no ImageConfig.Command")
    return list(json.loads(commands[-1]))


def _cors_rule(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a rule of CloudFormation with the names of PutBucketCors."""
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    return {names.get(name, name): value for name, value in rule.items() if name != "Id"}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _true(value: Any) -> bool:
    return _text(value) == "true"


def _cannot(where: str, reason: str) -> SettingError:
    return SettingError(f"the template's {where} cannot run locally: {reason}")
