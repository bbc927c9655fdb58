"""Terminal output, and interruption by signals."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, ProgressColumn
from rich.text import Text

from lightship.local.functions import logs

# Shell file with the variables of a stack of `lightship up`, for other terminals; it exists while the stack runs.
STACK_FILE = Path(".lightship.env")


def command(*words: str) -> str:
    """Return a command line that runs this program, for pasting into this shell.

    Where the variables of a local stack are set, the line sets them: they may be set for the current command only.
    """
    return stack_command(*words) if has_stack() else _command(*words)


def has_stack() -> bool:
    """Return whether the variables of a local stack are set, and it is running here."""
    return bool(os.environ.get(logs.VARIABLE)) and STACK_FILE.is_file()


def stack_command(*words: str) -> str:
    """Return a command line that runs this program with a local stack.

    It is a subshell, so that the stack's variables are not left in the shell.
    """
    return f"(. ./{STACK_FILE} && {_command(*words)})"


def _command(*words: str) -> str:
    name = Path(sys.argv[0]).name
    program = [sys.executable, "-m", "lightship"] if name == "__main__.py" else [sys.argv[0]]
    return shlex.join([*(program if name in {"lightship", "__main__.py"} else ["lightship"]), *words])


class Screen(Console):
    """Console whose texts have no control characters, except for line ends.

    Names and messages can come from a model file or from data.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a printable text; rich calls it for each string that is printed."""
        return super().render_str("\n".join(map(printable, text.split("\n"))), **options)


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return a console for standard output or error, without escapes if :func:`plain`."""
    terminal = False if plain() else None  # None: rich detects it
    return Screen(stderr=stderr, quiet=quiet, markup=False, highlight=False, force_terminal=terminal)


def plain() -> bool:
    """Return whether escape sequences are off: NO_COLOR is set, or TERM is dumb.

    NO_COLOR: https://no-color.org.
    """
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "").lower() in {"dumb", "unknown"}


def facts(title: str, record: Mapping[str, str]) -> None:
    """Print a title and one line per fact, without wrapping or truncation."""
    width = max(map(len, record), default=0)
    click.echo(printable(title) if plain() else click.style(printable(title), bold=True))
    for name, value in record.items():
        click.echo(f"  {printable(name):<{width}}  {printable(value)}".rstrip())


def printable(text: str) -> str:
    """Return a text without control characters.

    Names and messages can come from a model file.
    """
    return "".join(character if character.isprintable() else " " for character in text)


def bar(console: Console, *columns: str | ProgressColumn) -> Progress:
    """Return a progress bar that disappears at the end; no output without a terminal."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP.

    Set early: the kernel drops signals without a handler to a container's first process. SIGINT is handled
    also in background processes, which shells start with SIGINT ignored.
    """

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def counted(count: int, noun: str) -> str:
    """Return a number and its noun, such as ``1 row`` or ``2,000 rows``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
