"""The bundle: a compiled model with its manifest.

A folder with ``manifest.json``, the compiled model and ``golden.npz`` (recorded inputs and the original model's
outputs). It is immutable and never executes code. Its files are verified when it is opened, or when they are first
used. Its identity is the SHA-256 of its manifest, which holds the SHA-256 of every other file and nothing that differs
between two identical compiles.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import orjson

from lightship import documents
from lightship.bundle.extras import Extras
from lightship.bundle.transform import UsedTransform
from lightship.errors import BundleError, NotFound
from lightship.regular_files import digest_of, open_regular
from lightship.tensors import Signature

# The version of the manifest's schema. A reader accepts every earlier one: fields that are added have a default, and a
# change that an earlier reader would misunderstand raises the number.
SCHEMA = 2
MANIFEST = "manifest.json"
MODEL = "model.tflite"
SAVED_MODEL = "saved_model"
ASSETS = "assets"
GOLDEN = "golden.npz"
EXPLAIN = "explain.tflite"
DEVICE = "device.tflite"
REPORT = "report.json"
BASELINE = f"{ASSETS}/baseline.npz"
EXACT = f"{ASSETS}/explain.npz"
# The files that no prediction needs.
EXTRAS = frozenset({GOLDEN, EXPLAIN, REPORT, BASELINE, EXACT, DEVICE})
DEFAULT_SIGNATURE = "serving_default"

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Manifest(NamedTuple):
    """Description of a bundle: ``manifest.json``.

    Attributes:
        engine: name of the entry of :mod:`lightship.engines` that runs it.
        signatures: the model's functions, the default one first.
        files: SHA-256 in hexadecimal of every other file, by its path inside the bundle (``/`` between names).
        source: format, digest and framework of the model file it was compiled from.
        parity: by signature, the differences between compiled and original outputs, and the tolerances.
        metrics: evaluation figures, by name.
        trusted: code in the model file that the user allowed with ``--trust``.
        slow: whether the user accepted, with ``--slow``, a model of any latency and memory.
        sandbox: how the process that opened the model file was confined: ``kernel``, ``powerless`` or ``none``
            (``--no-sandbox``); empty in bundles that are older than this field.
        stateful: whether a call changes variables or tables of the model; None in manifests without the field.
        reset: the signature of the model file that assigns the initial values; it is not one of ``signatures``.
        rewrites: changes by the compiler to the graph so that LiteRT can run it.
        preprocessing: programs before the engine, by signature (:mod:`lightship.preprocessing`). A manifest with them
            has schema 2, because earlier versions would ignore them.
        transform: code of the user before and after the model; None without. Its manifest has schema 2, too.
        compression: budget, chosen variant and reason, where a budget was given.
        explain: the compiled gradient in ``explain.tflite``, or why there is none
            (:mod:`lightship.explain.compiled`); empty in manifests without the field.
        card: texts about the model: purpose, data, limits, owner, licence.
        device: the file that phones and browsers run, or why there is none (:mod:`lightship.bundle.device`); empty in
            manifests without the field.
    """

    engine: str
    signatures: tuple[Signature, ...]
    files: Mapping[str, str]
    source: Mapping[str, Any] = {}
    parity: Mapping[str, Any] = {}
    metrics: Mapping[str, Any] = {}
    trusted: tuple[str, ...] = ()
    slow: bool = False
    sandbox: str = ""
    stateful: bool | None = None
    reset: str = ""
    rewrites: tuple[str, ...] = ()
    preprocessing: Mapping[str, Any] = {}
    transform: UsedTransform | None = None
    compression: Mapping[str, Any] = {}
    explain: Mapping[str, Any] = {}
    card: Mapping[str, str] = {}
    device: Mapping[str, Any] = {}

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the names of the files that predictions need."""
        return tuple(name for name in self.files if name not in EXTRAS)

    @property
    def names_files(self) -> set[str]:
        """Return the files with names of the indices in tensors."""
        specs = (spec for signature in self.signatures for spec in (*signature.inputs, *signature.outputs))
        return {spec.names.file for spec in specs if spec.names}

    def signature(self, name: str | None = None) -> Signature:
        """Return the signature of that name, or the default one; raises NotFound."""
        if name is None:
            return self.signatures[0]
        for signature in self.signatures:
            if signature.name == name:
                return signature
        names = ", ".join(signature.name for signature in self.signatures)
        raise NotFound(f"the model has no signature '{name[:80]}': it has {names}")

    def located(self, folder: Path) -> Manifest:
        """Return the manifest with the names of tensors in the folder of the bundle."""
        if not self.names_files:
            return self
        return self._replace(signatures=tuple(signature.located(folder) for signature in self.signatures))

    def to_bytes(self) -> bytes:
        """Return canonical JSON: sorted keys, indented by two spaces, a final newline."""
        record = {
            "schema": SCHEMA if self.preprocessing or self.transform else 1,
            "engine": self.engine,
            "signatures": [signature.to_json() for signature in self.signatures],
            "files": dict(self.files),
            "source": dict(self.source),
            "parity": dict(self.parity),
            "metrics": dict(self.metrics),
            "trusted": list(self.trusted),
            **({"slow": True} if self.slow else {}),
            **({"sandbox": self.sandbox} if self.sandbox else {}),
        }
        if self.stateful is not None:
            record["stateful"] = self.stateful
        if self.reset:
            record["reset"] = self.reset
        if self.rewrites:
            record["rewrites"] = list(self.rewrites)
        if self.preprocessing:
            record["preprocessing"] = dict(self.preprocessing)
        if self.transform:
            record["transform"] = self.transform.to_json()
        if self.compression:
            record["compression"] = dict(self.compression)
        if self.explain:
            record["explain"] = dict(self.explain)
        if self.card:
            record["card"] = dict(self.card)
        if self.device:
            record["device"] = dict(self.device)
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what :meth:`to_bytes` returned; raises BundleError on anything else."""
        try:
            record = orjson.loads(data)
            schema = record["schema"]
            if type(schema) is not int or not 1 <= schema <= SCHEMA:
                raise BundleError(
                    f"the manifest has schema {schema!r}, this version of Lightship reads 1 to {SCHEMA}: upgrade "
                    "Lightship where a later version made the bundle, or compile it again"
                )
            manifest = cls(
                engine=str(record["engine"]),
                signatures=tuple(Signature.from_json(entry) for entry in record["signatures"]),
                files={_checked_path(name): _checked_digest(digest) for name, digest in record["files"].items()},
                source=dict(record["source"]),
                parity=dict(record["parity"]),
                metrics=dict(record["metrics"]),
                trusted=tuple(record["trusted"]),
                slow=bool(record.get("slow", False)),
                sandbox=str(record.get("sandbox", "")),
                stateful=None if (stateful := record.get("stateful")) is None else bool(stateful),
                reset=str(record.get("reset", "")),
                rewrites=tuple(map(str, record.get("rewrites", ()))),
                preprocessing=dict(record.get("preprocessing", {})),
                transform=UsedTransform.from_json(transform) if (transform := record.get("transform")) else None,
                compression=dict(record.get("compression", {})),
                explain=dict(record.get("explain", {})),
                card={str(name): str(text) for name, text in record.get("card", {}).items()},
                device=dict(record.get("device", {})),
            )
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError(f"{MANIFEST} is not a manifest: {type(error).__name__} {error}") from None
        if not manifest.signatures:
            raise BundleError(f"{MANIFEST} has no signature")
        if missing := manifest.names_files - manifest.files.keys():
            raise BundleError(f"{MANIFEST} lists no {min(missing)[:120]}, which has names of a tensor")
        return manifest


class Bundle(NamedTuple):
    """A verified bundle on disk.

    Attributes:
        digest: SHA-256 of its manifest, in hexadecimal.
        size: bytes of the files that predictions need, without the manifest.
        extras: the other files, if they are verified at their first use only; None where they are in the folder.
    """

    path: Path
    manifest: Manifest
    digest: str
    size: int
    extras: Extras | None = None

    @classmethod
    def open(cls, path: Path, *, display_name: str | None = None, needed_only: bool = False) -> Bundle:
        """Read the manifest and verify that the folder holds exactly the listed files.

        With ``needed_only``, the files that no prediction needs are not verified and may be absent. Raises BundleError,
        which names the first file that is missing, changed or not listed. Its message names the bundle by
        ``display_name``, by default its path: pass a name where clients must not see local paths.
        """
        display_name = display_name or str(path)
        data = _read_manifest(path, display_name)
        manifest = Manifest.from_bytes(data)
        _verify(path, manifest.files, manifest.needed if needed_only else manifest.files, display_name)
        return cls._of(path, manifest, data)

    @classmethod
    def reopen(cls, path: Path) -> Bundle:
        """Read the manifest of a folder verified before, without hashing its files.

        Raises BundleError where there is no manifest.
        """
        data = _read_manifest(path, str(path))
        return cls._of(path, Manifest.from_bytes(data), data)

    @classmethod
    def _of(cls, path: Path, manifest: Manifest, data: bytes) -> Bundle:
        size = sum((path / name).stat().st_size for name in manifest.needed)
        manifest = manifest.located(path)
        return cls(path=path, manifest=manifest, digest=hashlib.sha256(data).hexdigest(), size=size)

    def file(self, name: str) -> Path:
        """Return the local path of a file, verified; one of the extras may be downloaded.

        Raises BundleError where it is not listed, missing or changed, RegistryError where it cannot be downloaded.
        """
        digest = self.manifest.files.get(name)
        if digest is None:
            raise BundleError(f"the bundle has no {name}")
        if self.extras is None or name not in EXTRAS:
            return self.path / name
        return self.extras.path(name, digest)

    def copy(self, folder: Path) -> Bundle:
        """Copy the bundle's files into an empty folder; the copy is not verified again.

        Raises BundleError or RegistryError as :meth:`file`.
        """
        import shutil  # a cold start copies nothing

        shutil.copyfile(self.path / MANIFEST, folder / MANIFEST)
        for name in self.manifest.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.file(name), folder / name)
        return self._replace(path=folder, manifest=self.manifest.located(folder), extras=None)


def write_manifest(path: Path, manifest: Manifest) -> Bundle:
    """Write the manifest into a folder of finished files and return the bundle.

    The digests in the manifest are not checked against the files.
    """
    (path / MANIFEST).write_bytes(manifest.to_bytes())
    return Bundle.reopen(path)


def digests(path: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below ``path`` except the manifest.

    The keys are paths relative to ``path``, sorted.
    """
    return {name: digest_file(path / name) for name in _names(path, str(path)) if name != MANIFEST}


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal; the file is read in blocks."""
    with path.open("rb") as file:
        return digest_of(file)


def _read_manifest(path: Path, display_name: str) -> bytes:
    try:
        with open_regular(path / MANIFEST) as file:
            data = file.read(documents.MANIFEST + 1)
    except OSError as error:
        raise BundleError(f"{display_name} is not a bundle: cannot read {MANIFEST} ({error.strerror})") from None
    if len(data) > documents.MANIFEST:
        raise BundleError(f"{display_name}/{MANIFEST} is larger than {documents.MANIFEST:,} bytes")
    return data


def _verify(path: Path, files: Mapping[str, str], names: Iterable[str], display_name: str) -> None:
    """Raise BundleError for a file not in ``files``, and a changed one of ``names``."""
    present = set(_names(path, display_name)) - {MANIFEST}
    if unlisted := sorted(present - files.keys()):
        raise BundleError(f"{display_name}/{unlisted[0]} is not listed in the manifest")
    for name in names:
        if name not in present:
            raise BundleError(f"{display_name}/{name} is missing")
        try:
            with open_regular(path / name) as file:
                intact = digest_of(file) == files[name]
        except OSError as error:
            raise BundleError(f"cannot read {display_name}/{name}: {error.strerror}") from None
        if not intact:
            raise BundleError(
                f"{display_name}/{name} is corrupt or was changed: its digest differs from the manifest's"
            )


def _names(path: Path, display_name: str) -> list[str]:
    """Return every file below ``path``; raises BundleError for a symbolic link.

    A symbolic link can point outside the bundle.
    """
    names = []
    for entry in path.rglob("*"):
        if entry.is_symlink():
            raise BundleError(
                f"{display_name}/{entry.relative_to(path)} is a symbolic link: a bundle holds plain files only"
            )
        if entry.is_file():
            names.append(entry.relative_to(path).as_posix())
    return sorted(names)


def _checked_path(name: str) -> str:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or pure.as_posix() != name or name == MANIFEST or "\0" in name:
        raise ValueError(f"the file name {name!r} is not a path inside the bundle")
    return name


def _checked_digest(digest: object) -> str:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{str(digest)[:80]!r} is not a SHA-256 in hexadecimal")
    return digest
