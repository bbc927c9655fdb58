"""Lists of TensorFlow operators that a model may hold, and of refused ones.

``seen.txt`` lists the operators of the layers and applications of Keras 3 and tf_keras (``make operators``),
``reviewed.txt`` those that were reviewed and only compute, ``refused.txt`` the rest of TensorFlow's registry with a
reason each. An operator on no list, such as one of a later TensorFlow, is refused until it is reviewed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

# Reasons of refused.txt by key; in messages they follow "operators that".
REASONS: Mapping[str, str] = {
    "files": "read or write files",
    "saver": "save or restore files outside of the model's own saver",
    "network": "send or receive data, or call other processes",
    "process": "end or delay the process",
    "python": "call Python",
    "memory": "reach memory or other models' resources by address or name",
    "debug": "write tensors to files or addresses",
    "datasets": "build input pipelines, which read files and start threads",
    "waiting": "wait for other calls or keep their data",
    "programs": "run a program that they contain or name",
    "devices": "need devices that servers do not have",
    "tests": "belong to TensorFlow's own tests",
    "internal": "only TensorFlow itself creates",
    "unreviewed": "have not been reviewed",
    "unknown": "TensorFlow does not have",
}
SAVERS = frozenset({"Save", "SaveSlices", "SaveV2", "ShardedFilename", "ShardedFilespec", "MergeV2Checkpoints"})
RESTORERS = frozenset({"Restore", "RestoreSlice", "RestoreV2"})
TABLES_FROM_FILES = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})

Finding = tuple[str, str]  # a key of REASONS, and an operator

_NAME_LENGTH = 100  # characters of a name from an untrusted file


def allowed() -> frozenset[str]:
    """Return the operators that a model may hold anywhere in its graphs."""
    return _lists()[0]


def refused() -> Mapping[str, str]:
    """Return the refused operators with the reason's key."""
    return _lists()[1]


def reason(operator: str, *, registered: bool) -> str | None:
    """Return the key of REASONS for a refused operator; None for an allowed one."""
    permitted, reasons = _lists()
    if operator in permitted:
        return None
    return reasons.get(operator) or ("unreviewed" if registered else "unknown")


def phrases_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return one phrase for each reason among the findings, operators sorted."""
    groups: dict[str, set[str]] = {}
    for key, operator in findings:
        groups.setdefault(key, set()).add(_printable(operator))
    return tuple(f"operators that {REASONS[key]}: {', '.join(sorted(groups[key]))}" for key in REASONS if key in groups)


def flex_findings(customs: Iterable[str]) -> tuple[Finding, ...]:
    """Return the findings for the ``Flex...`` operators of a .tflite file."""
    names = sorted({name.removeprefix("Flex") for name in customs if name.startswith("Flex")})
    return tuple((key, name) for name in names if (key := reason(name, registered=True)))


def _printable(operator: str) -> str:
    plain = operator.replace(">", "").replace("_", "").isalnum() and operator.isascii()
    return operator[:_NAME_LENGTH] if plain else repr(operator[:_NAME_LENGTH])


@cache
def _lists() -> tuple[frozenset[str], Mapping[str, str]]:
    reasons = {line.split()[0]: line.split()[1] for line in _lines("refused")}
    return frozenset([*_lines("seen"), *_lines("reviewed")]) - reasons.keys(), reasons


def _lines(name: str) -> Iterator[str]:
    for line in Path(__file__).with_name(f"{name}.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line
