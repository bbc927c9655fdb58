"""Exit codes, and errors as one sentence on standard error.

====  ==========================================================================================
code  meaning
====  ==========================================================================================
0     done
1     interrupted, or the output could not be written (silently where its reader closed the pipe)
2     refused: a mistake in the command, its input or its environment, or AWS refused
3     ``lightship compare``: a requirement of ``--require`` does not hold
4     ``lightship batch``: every row was rejected
====  ==========================================================================================
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from lightship import aws
from lightship.cli.output.terminal import printable
from lightship.errors import LightshipError, MissingTransform, TransformError, TransformRefused
from lightship.extras import extra_of, missing_extra

FAILED = 1
REFUSED = 2
UNMET = 3
ALL_REJECTED = 4

EXIT_CODES = """\b
Exit codes:
  0  done
  1  interrupted, or the output could not be written
  2  refused: a mistake in the command, its input or its environment
  3  compare: a requirement does not hold
  4  batch: every row was rejected"""

# Errors of the operating system where output cannot be written.
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class Refusal(click.ClickException):
    """A mistake of the user or a refusal by AWS: one sentence on standard error."""

    exit_code = REFUSED


class Unwritable(click.ClickException):
    """Output that could not be written."""

    exit_code = FAILED


class Group(click.Group):
    """Group that translates errors of Lightship, AWS and the system for the user."""

    def resolve_command(
        self, context: click.Context, words: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command.

        click takes an unknown command such as ``*`` for an option and prints the help; this raises an error.
        """
        if not context.resilient_parsing and self.get_command(context, words[0]) is None:
            context.fail(f"No such command {words[0]!r}.")
        return super().resolve_command(context, words)

    def invoke(self, context: click.Context) -> Any:
        """Run the command; raises ClickException."""
        try:
            return super().invoke(context)
        except LightshipError as error:
            raise Refusal(_sentence(error) + aws.advice(error.__context__)) from error
        except ImportError as error:
            if (extra := extra_of(error)) is None:
                raise
            raise Refusal(missing_extra(extra, "this command").message) from error
        except Exception as error:
            if (sentence := aws.describe(error)) is None:
                raise
            raise Refusal(sentence) from error

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the program and exit; also handles output and argument errors inside click."""
        try:
            return super().main(*args, **options)
        except OSError as error:
            if (refusal := _system_refusal(error)) is None:
                raise
        except UnicodeEncodeError as error:
            if (refusal := _argument_refusal([*(args[0] if args else options.get("args") or sys.argv[1:])])) is None:
                raise error from None
        _discard(sys.stdout)
        with suppress(OSError):  # standard error may be on the same full disk
            refusal.show()
        sys.exit(refusal.exit_code)


def _sentence(error: LightshipError) -> str:
    """Return an error's message, and below it that of the framework or transform.

    Both are made printable: their content can come from a model file.
    """
    origin = "transform" if isinstance(error, TransformError | TransformRefused | MissingTransform) else "framework"
    detail = f"\n(the {origin}'s message: {printable(error.detail)})" if error.detail else ""
    return printable(error.message) + detail


def _system_refusal(error: OSError) -> click.ClickException | None:
    """Return the error for an unusable file or output; None for any other error."""
    if error.filename is not None:
        return Refusal(f"{click.format_filename(error.filename)}: {error.strerror}")
    return Unwritable(f"cannot write: {error.strerror}") if error.errno in _UNWRITABLE else None


def _argument_refusal(words: Sequence[str]) -> click.ClickException | None:
    """Return the error for the first argument that is not UTF-8, else None."""
    for word in words:
        if word != (escaped := word.encode(errors="backslashreplace").decode()):
            return Refusal(f"the argument {escaped} is not UTF-8")
    return None


def _discard(stream: Any) -> None:
    """Redirect a stream to the null device.

    Python would write the rest of the buffer again at exit, and print a traceback.
    """
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
