"""Sandbox profile for macOS: only its text, because no Mac runs these tests.

On a Mac, the probe decides whether the profile is effective.
"""

from __future__ import annotations

from lightship.compiler.sandbox.kernel.seatbelt import prefix, profile


def test_profile_refuses_by_default_and_quotes_paths() -> None:
    lines = profile(['/a "b"\\c'], ["/out"]).splitlines()
    assert lines[1] == "(deny default)"
    assert not any("network" in line for line in lines)
    assert any('(subpath "/a \\"b\\"\\\\c")' in line and "write" not in line for line in lines)
    assert [line for line in lines if "/out" in line] == ['(allow file-read* file-write* (subpath "/out"))']


def test_prefix_outside_macos_is_empty() -> None:
    assert prefix([], [], private=[]) == ()
