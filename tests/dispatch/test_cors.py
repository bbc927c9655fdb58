"""Test the headers for pages of other origins, as pure functions."""

from __future__ import annotations

import pytest

from lightship.dispatch.cors import Cors, merged

A, B = "https://a.example", "https://b.example"
ASKED = {"origin": A, "access-control-request-method": "POST"}


def test_cors_without_origins_adds_nothing() -> None:
    assert Cors().answer_headers(A) == {}
    assert Cors().preflight_headers(ASKED, "OPTIONS, POST") == {"allow": "OPTIONS, POST"}


def test_cors_allowed_origin_may_read_headers() -> None:
    headers = Cors((A,)).answer_headers(A)
    assert headers["access-control-allow-origin"] == A
    assert {"x-correlation-id", "lightship-version"} <= set(headers["access-control-expose-headers"].split(", "))
    assert headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("origin", ["", B, "https://a.example.evil", "http://a.example", "null", A.upper()])
def test_cors_other_origin_gets_vary_only(origin: str) -> None:
    assert Cors((A,)).answer_headers(origin) == {"vary": "origin"}


def test_cors_star_allows_any_origin() -> None:
    headers = Cors(("*",)).answer_headers(B)
    assert headers["access-control-allow-origin"] == "*"
    assert "vary" not in headers


def test_preflight_allows_methods_and_requested_headers() -> None:
    asked = ASKED | {"access-control-request-headers": "authorization,content-type"}
    headers = Cors((A,)).preflight_headers(asked, "OPTIONS, POST")
    assert headers["access-control-allow-methods"] == "OPTIONS, POST"
    assert headers["access-control-allow-headers"] == "authorization,content-type"
    assert headers["access-control-allow-origin"] == A


@pytest.mark.parametrize("names", ["", "a\r\nb: c", "x" * 5000, "a;b"])
def test_preflight_does_not_echo_invalid_header_names(names: str) -> None:
    headers = Cors((A,)).preflight_headers(ASKED | {"access-control-request-headers": names}, "POST")
    assert "access-control-allow-headers" not in headers


def test_preflight_of_other_origin_allows_nothing() -> None:
    headers = Cors((A,)).preflight_headers(ASKED | {"origin": B}, "OPTIONS, POST")
    assert headers == {"allow": "OPTIONS, POST", "vary": "origin"}


def test_merged_vary_keeps_both_values() -> None:
    assert merged({"vary": "accept-encoding"}, {"vary": "origin"})["vary"] == "accept-encoding, origin"
