"""``lightship models`` and ``lightship show``: versions in a registry."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
import orjson
from rich.table import Column, Table

from lightship.bundle import Bundle, digest_file
from lightship.bundle.transform import UsedTransform
from lightship.cli.arguments.options import json_option, model_argument, parse_model, registry_option
from lightship.cli.output.terminal import console, facts
from lightship.engines.preprocessed import programs_of
from lightship.errors import LightshipError
from lightship.inputs import kind_of
from lightship.overview import Overview
from lightship.registry.index import IndexedModel
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings
from lightship.tensors import TensorSpec


@click.command("models")
@registry_option
@json_option
def models_command(registry: Registry, as_json: bool) -> None:
    """List the models of a registry with their versions."""
    records = [_summary(registry, name, indexed) for name, indexed in registry.listed().items()]
    if as_json:
        return click.echo(orjson.dumps(records))
    if not records:
        return click.echo(f"no models in {registry.location}: create one with `lightship compile SOURCE`")
    table = Table(Column("model", no_wrap=True), "version", "input", "output", "engine")
    for record in records:
        others = f" of {', '.join(map(str, record['versions']))}" if len(record["versions"]) > 1 else ""
        cells = [f"{record['version'] or '-'}{others}", record["input"], record["output"], record["engine"]]
        table.add_row(record["name"], *cells)
    console().print(table)
    return None


@click.command("show")
@model_argument
@registry_option
@json_option
def show_command(model: str, registry: Registry, as_json: bool) -> None:
    """Show a version: its tensors, columns, metrics, card and origin.

    With what the compiler rewrote, and the preprocessing that it took out of the graph. The version may be withdrawn.
    With --json, print its whole manifest.
    """
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


def _summary(registry: Registry, name: str, indexed: IndexedModel | None) -> dict[str, Any]:
    record: dict[str, Any] = {"name": name, "version": None, "versions": []}
    try:
        if indexed is not None and indexed.overview is not None:
            return {**record, "versions": list(indexed.state.offered), **_shown(Overview.from_json(indexed.overview))}
        record |= {"version": registry.resolve(name), "versions": registry.versions(name)}
        bundle = registry.open(name)
        overview = Overview.of(record["version"], bundle.manifest, digest=bundle.digest)
    except LightshipError as error:
        return {
            **record,
            "engine": "-",
            "input": error.message,
            "output": "",
            "digest": "",
            "error": error.message,
        }
    return record | _shown(overview)


def _shown(overview: Overview) -> dict[str, Any]:
    return {
        "version": overview.version,
        "engine": overview.engine,
        "input": "\n".join(overview.inputs),
        "output": "\n".join(overview.outputs),
        "digest": overview.digest,
    }


def _print(title: str, bundle: Bundle) -> None:
    manifest = bundle.manifest
    record = {
        "engine": manifest.engine,
        "digest": bundle.digest,
        "size": f"{bundle.size:,} bytes in {len(manifest.needed)} files, without what no prediction needs",
        "source": ", ".join(f"{key} {value}" for key, value in manifest.source.items()),
        "trusted": ", ".join(manifest.trusted) or "nothing",
        "sandbox": manifest.sandbox or "not recorded",
        **({"rewrites": "; ".join(manifest.rewrites)} if manifest.rewrites else {}),
        **({"preprocessing": _preprocessing(bundle)} if manifest.preprocessing else {}),
        **({"transform": _transform(manifest.transform)} if manifest.transform else {}),
        **{key: str(value) for key, value in manifest.metrics.items()},
        **{f"card: {key}": text for key, text in manifest.card.items()},
    }
    facts(title, record)
    for signature in manifest.signatures:
        for side, specs in (("input", signature.inputs), ("output", signature.outputs)):
            for spec in specs:
                facts(f"{side} {spec.name}: {spec}, of the signature {signature.name}", _properties(spec))


def _preprocessing(bundle: Bundle) -> str:
    """Return the operators that run in numpy before the engine, by signature."""
    signatures: dict[str, list[str]] = {}
    for signature, program in programs_of(bundle).items():
        counts = Counter(step.operator for step in program.steps)
        operators = ", ".join(f"{operator} x{count}" if count > 1 else operator for operator, count in counts.items())
        signatures.setdefault(f"{len(program.steps)} steps ({operators})", []).append(signature)
    return "; ".join(f"{steps} for {', '.join(names)}" for steps, names in signatures.items())


def _transform(used: UsedTransform) -> str:
    """Return a transform's name and digest, and whether this folder's file differs."""
    folder = TransformSettings.from_environment().folder
    path = folder / f"{used.name}.py"
    differs = path.is_file() and used.sha256 not in {"", digest_file(path)}
    return f"{used.name}, SHA-256 {used.sha256 or 'unknown'}{f'; {path} differs' if differs else ''}"


def _properties(spec: TensorSpec) -> dict[str, str]:
    """Return a tensor's kind, options, and classes or boxes as text."""
    record = {"kind": spec.kind["type"], **kind_of(spec).describe()} if spec.kind else {}
    ranking = {"scores": spec.scores, "reasons": spec.reasons}
    record |= {"names": f"{spec.names.count} in {spec.names.file}"} if spec.names else {}
    record |= {name: output for name, output in ranking.items() if output}
    if spec.boxes:
        record["boxes"] = ", ".join(filter(None, (f"in {spec.boxes.input}", *spec.boxes.points)))
    return {**record, "classes": ", ".join(spec.classes)} if spec.classes else record
