"""What people see on their terminal, and how they end what runs there."""

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

from lightship.local.functions import logs

# What another terminal needs to work with a stack of `lightship up`, for the shell to read; it is here until that ends.
STACK_FILE = Path(".lightship.env")


def command(*words: str) -> str:
    """A line that runs this very program again, to be pasted where it was started.

    Where the variables of a local stack are set, the line sets them, because they may end with the present command.
    """
    return stack_command(*words) if os.environ.get(logs.VARIABLE) and STACK_FILE.is_file() else _command(*words)


def stack_command(*words: str) -> str:
    """A line that runs this program with a local stack. In parentheses, the stack's variables end with the command."""
    return f"(. ./{STACK_FILE} && {_command(*words)})"


def _command(*words: str) -> str:
    name = Path(sys.argv[0]).name
    program = [sys.executable, "-m", "lightship"] if name == "__main__.py" else [sys.argv[0]]
    return shlex.join([*(program if name in {"lightship", "__main__.py"} else ["lightship"]), *words])


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return a console for standard output, or error; without escape sequences where :func:`plain`."""
    terminal = False if plain() else None  # None: rich finds out
    return Console(stderr=stderr, quiet=quiet, markup=False, highlight=False, force_terminal=terminal)


def plain() -> bool:
    """Return whether no escape sequence may be written: NO_COLOR is set (https://no-color.org), or TERM is dumb."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "").lower() in {"dumb", "unknown"}


def facts(title: str, record: Mapping[str, str]) -> None:
    """A thing and what is to be said of it, a line each, for people: whole, however narrow their terminal is."""
    width = max(map(len, record), default=0)
    click.echo(printable(title) if plain() else click.style(printable(title), bold=True))
    for name, value in record.items():
        click.echo(f"  {name:<{width}}  {printable(value)}".rstrip())


def printable(text: str) -> str:
    """Return a text without characters that control a terminal: names and messages can come from a model file."""
    return "".join(character if character.isprintable() else " " for character in text)


def bar(console: Console, *columns: str | ProgressColumn) -> Progress:
    """A progress bar that is gone when the work is done; where there is no terminal nothing, not even an empty line."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what native code writes to standard error off the screen: LiteRT greets, and cannot be told not to."""
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM, and a terminal that closes, raise KeyboardInterrupt as Ctrl-C does, which a shell's background ignores.

    From the beginning: as the first process of a container, one without a handler never hears them.
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
