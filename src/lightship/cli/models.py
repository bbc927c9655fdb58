"""``lightship models`` and ``lightship show``."""

from __future__ import annotations

from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from lightship.bundle import Bundle
from lightship.cli.options import json_option, parse_model, registry_option
from lightship.errors import LightshipError
from lightship.registry import Registry


@click.command("models")
@registry_option
@json_option
def models_command(registry: Registry, as_json: bool) -> None:
    """List the models of a registry with their versions."""
    records = [_summary(registry, name) for name in registry.models()]
    if as_json:
        return click.echo(orjson.dumps(records))
    if not records:
        return click.echo(f"no models in {registry.location}: make one with `lightship compile SOURCE`")
    table = Table("model", "version", "versions", "engine", "input", "output", "digest")
    for record in records:
        versions = ", ".join(map(str, record["versions"]))
        cells = [record["engine"], record["input"], record["output"], record["digest"][:12]]
        table.add_row(record["name"], str(record["version"] or "-"), versions, *cells)
    Console(markup=False).print(table)
    return None


@click.command("show")
@click.argument("model", metavar="NAME[@VERSION]")
@registry_option
@json_option
def show_command(model: str, registry: Registry, as_json: bool) -> None:
    """Show one version of a model, also a withdrawn one: signatures, parity, metrics, where it came from."""
    name, version = parse_model(model)
    state = registry.state(name)
    withdrawn = version in state.withdrawn
    number = version if version is not None and withdrawn else registry.resolve(name, version)
    bundle = registry.bundle(name, number)
    if as_json:
        record = {"name": name, "version": number, "digest": bundle.digest, "withdrawn": withdrawn}
        return click.echo(orjson.dumps({**record, **orjson.loads(bundle.manifest.to_bytes())}))
    _print(f"{name} version {number}{', withdrawn' if withdrawn else ''}", bundle)
    return None


def _summary(registry: Registry, name: str) -> dict[str, Any]:
    record: dict[str, Any] = {"name": name, "version": None, "versions": []}
    try:
        record |= {"version": registry.resolve(name), "versions": registry.versions(name)}
        bundle = registry.open(name)
    except LightshipError as error:
        return {
            **record,
            "engine": "-",
            "input": error.message,
            "output": "",
            "digest": "",
            "error": error.message,
        }
    signature = bundle.manifest.signature()
    record["engine"] = bundle.manifest.engine
    record["input"] = "\n".join(f"{spec.name}: {spec}" for spec in signature.inputs)
    record["output"] = "\n".join(f"{spec.name}: {spec}" for spec in signature.outputs)
    record["digest"] = bundle.digest
    return record


def _print(called: str, bundle: Bundle) -> None:
    console = Console(markup=False)
    manifest = bundle.manifest
    facts = Table(box=None, show_header=False)
    facts.add_row("model", called)
    facts.add_row("engine", manifest.engine)
    facts.add_row("digest", bundle.digest)
    facts.add_row("size", f"{bundle.size:,} bytes in {len(manifest.files)} files")
    facts.add_row("source", ", ".join(f"{key} {value}" for key, value in manifest.source.items()))
    facts.add_row("trusted", ", ".join(manifest.trusted) or "nothing")
    for key, value in manifest.metrics.items():
        facts.add_row(key, str(value))
    console.print(facts)
    table = Table("signature", "", "tensor", "dtype and shape", "kind", "classes")
    for signature in manifest.signatures:
        for side, specs in (("in", signature.inputs), ("out", signature.outputs)):
            for spec in specs:
                kind = ", ".join(f"{key} {value}" for key, value in (spec.kind or {}).items() if key != "type")
                kind = f"{spec.kind['type']}: {kind}" if spec.kind else ""
                table.add_row(signature.name, side, spec.name, str(spec), kind, ", ".join(spec.classes))
    console.print(table)
