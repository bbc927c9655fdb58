"""seccomp filter: system calls that the child and its descendants may not make.

Refused are sockets; access to other processes (signals, memory, limits, priorities, keys, shared memory); changes to
file metadata, which Landlock does not restrict; new namespaces and mounts; calls that bypass the filter (io_uring, the
system call numbers of another architecture); memory that belongs to no process, such as memfd and System V segments;
and a new process group, in which a process would outlive the child.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lightship.compiler.sandbox.kernel import syscall_numbers, syscalls
from lightship.compiler.sandbox.unproven import Unproven

# linux/bpf_common.h
_LOAD, _IF_EQUAL, _IF_NOT_LESS, _IF_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# linux/seccomp.h: offsets in struct seccomp_data, return values, operation and flag of seccomp(2)
_NUMBER, _PROCESSOR, _ARGUMENTS = 0, 4, 16
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_REFUSE, _ABSENT = _ERROR | errno.EPERM, _ERROR | errno.ENOSYS
_SET_MODE_FILTER, _ALL_THREADS = 1, 1

_FIRST_X32 = 0x40000000  # x86_64's x32 ABI, which has its own system call numbers
_NEW_NAMESPACES = 0x7E020080
_SET_OWNER = (8, 15)  # fcntl F_SETOWN, F_SETOWN_EX: send signals to another process
_SET_OWNER_IOCTL = (0x8901, 0x8902, 0x5412, 0x541C)  # FIOSETOWN, SIOCSPGRP; TIOCSTI, TIOCLINUX: fake terminal input

Step = tuple[int, int, int, int]  # BPF operation, steps to skip if true, steps to skip if false, operand


@dataclass(frozen=True)
class Condition:
    """Refuse a call whose argument ``index`` is one of ``values``.

    With ``unless``, refuse the call where the argument is not one of them.
    """

    call: str
    index: int
    values: tuple[int, ...]
    unless: bool = False


def install(*, own_signals_only: bool) -> None:
    """Install the filter for all threads of this process; raises Unproven.

    ``own_signals_only`` permits signals to this process and its group only; needed where Landlock does not restrict
    signals.
    """
    processor = syscalls.processor()
    if processor not in syscall_numbers.AUDIT:
        raise Unproven(f"there is no seccomp filter for the processor {processor}")
    steps = tuple(_filter(processor, _conditions(os.getpid() if own_signals_only else None)))
    code = syscalls.buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = syscalls.buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    number = syscall_numbers.conditional(processor)["seccomp"]
    try:
        other = syscalls.syscall(number, _SET_MODE_FILTER, _ALL_THREADS, ctypes.addressof(program))
    except OSError as error:
        raise Unproven(f"the kernel refuses a seccomp filter ({error.strerror})") from None
    if other:
        raise Unproven(f"the seccomp filter was not installed for thread {other}")


def _conditions(own: int | None) -> Iterator[Condition]:
    """Yield the rules; ``own`` is the only process that may get signals.

    ``own`` is None where Landlock restricts signals.
    """
    yield Condition("prlimit64", 0, (0,), unless=True)
    yield Condition("sched_setaffinity", 0, (0,), unless=True)
    yield Condition("fcntl", 1, _SET_OWNER)
    yield Condition("ioctl", 1, _SET_OWNER_IOCTL)
    yield Condition("prctl", 0, (syscalls.PR_SET_PDEATHSIG,))
    if own is not None:
        yield Condition("kill", 0, (0, own), unless=True)  # 0: the process group
        yield Condition("tgkill", 0, (own,), unless=True)
        yield Condition("tkill", 0, (own,), unless=True)


def _filter(processor: str, conditions: Iterator[Condition]) -> Iterator[Step]:
    conditional = syscall_numbers.conditional(processor)
    yield _LOAD, 0, 0, _PROCESSOR
    yield from _return(_IF_EQUAL, syscall_numbers.AUDIT[processor], _REFUSE, unless=True)
    yield _LOAD, 0, 0, _NUMBER
    yield from _return(_IF_NOT_LESS, _FIRST_X32, _REFUSE)
    yield from _return(_IF_NOT_LESS, syscall_numbers.LAST_REVIEWED + 1, _ABSENT)
    # A filter cannot read the flags of clone3; on ENOSYS the C library uses clone.
    yield from _return(_IF_EQUAL, conditional["clone3"], _ABSENT)
    for number in syscall_numbers.refused(processor).values():
        yield from _return(_IF_EQUAL, number, _REFUSE)
    bits = ((_IF_BITS, 0, 1, _NEW_NAMESPACES), (_RETURN, 0, 0, _REFUSE))
    yield from _only_for(conditional["clone"], 0, bits)
    for condition in conditions:
        yield from _only_for(conditional[condition.call], condition.index, tuple(_verdicts(condition)))
    yield _RETURN, 0, 0, _ALLOW


def _return(test: int, operand: int, verdict: int, *, unless: bool = False) -> Iterator[Step]:
    """Return a verdict if a test is true or, with ``unless``, if it is false."""
    yield (test, 1, 0, operand) if unless else (test, 0, 1, operand)
    yield _RETURN, 0, 0, verdict


def _only_for(number: int, index: int, steps: tuple[Step, ...]) -> Iterator[Step]:
    """Apply steps to the low 32 bits of an argument of one system call.

    The kernel, too, reads these arguments as 32-bit values.
    """
    yield _IF_EQUAL, 0, len(steps) + 2, number
    yield _LOAD, 0, 0, _ARGUMENTS + 8 * index
    yield from steps
    yield _RETURN, 0, 0, _ALLOW


def _verdicts(condition: Condition) -> Iterator[Step]:
    if not condition.unless:
        for value in condition.values:
            yield from _return(_IF_EQUAL, value, _REFUSE)
        return
    for value in condition.values:
        yield from _return(_IF_EQUAL, value, _ALLOW)
    yield _RETURN, 0, 0, _REFUSE
