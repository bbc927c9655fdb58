"""Metrics of a Lambda function in CloudWatch's embedded metric format.

One line of the function's log per request, with the same counts as :mod:`lightship.telemetry.prometheus`:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

CloudWatch creates a metric for each name and set of dimensions: by function, by version of a model, and refused
requests by error code.
"""

from __future__ import annotations

import sys

import orjson

from lightship.telemetry.exchange import Exchange

NAMESPACE = "Lightship"

_SERVICE = "predict"


def line(exchange: Exchange) -> bytes:
    """Return a request as one line of JSON."""
    record: dict[str, object] = {
        "service": _SERVICE,
        "route": exchange.route,
        "status": exchange.status,
        "correlation_id": exchange.correlation,
        "Requests": 1,
        "Latency": round(exchange.seconds * 1000, 3),
    }
    units = {"Requests": "Count", "Latency": "Milliseconds"}
    dimensions = [["service"]]
    if exchange.model:
        record |= {"model": exchange.model, "version": str(exchange.version)}
        dimensions.append(["service", "model", "version"])
    if exchange.rows and not exchange.refusal:
        record["Rows"], units["Rows"] = exchange.rows, "Count"
    directives = [_directive(dimensions, units)]
    if exchange.refusal:
        record |= {"Refusals": 1, "code": exchange.refusal}
        directives.append(_directive([*dimensions, ["service", "code"]], {"Refusals": "Count"}))
    record["_aws"] = {"Timestamp": int(exchange.time * 1000), "CloudWatchMetrics": directives}
    return orjson.dumps(record)


def write(exchange: Exchange) -> None:
    """Write a request's metrics to standard output, which is the function's log."""
    sys.stdout.write(line(exchange).decode() + "\n")
    sys.stdout.flush()


def _directive(dimensions: list[list[str]], units: dict[str, str]) -> dict[str, object]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    return {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
