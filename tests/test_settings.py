from __future__ import annotations

import re
from pathlib import Path

import pytest

from lightship.errors import SettingError
from lightship.settings import CacheSettings, ExplainSettings, PageSettings, Settings, TransformSettings
from tests.emulator import ROOT


def test_settings_of_empty_environment_are_defaults() -> None:
    assert Settings.from_environment({"LIGHTSHIP_TOKEN": ""}) == Settings()


def test_settings_read_every_variable() -> None:
    environ = {
        "LIGHTSHIP_REGISTRY": "/models",
        "LIGHTSHIP_CACHE": "/tmp/cache",
        "LIGHTSHIP_CACHE_MB": "2",
        "LIGHTSHIP_DEFAULT_MODEL": "digits",
        "LIGHTSHIP_TOKEN": "secret",
        "LIGHTSHIP_ALLOW_ANONYMOUS": "1",
        "LIGHTSHIP_ALLOW_ADMIN": "1",
        "LIGHTSHIP_MAX_BODY_BYTES": "10",
        "LIGHTSHIP_MAX_ANSWER_BYTES": "20",
        "LIGHTSHIP_REFRESH_SECONDS": "0.5",
        "LIGHTSHIP_MEMORY_MB": "5",
        "LIGHTSHIP_RESPONSE_CACHE_MB": "digits=2,",
        "LIGHTSHIP_THREADS": "3",
        "LIGHTSHIP_BATCH_ROWS": "16",
        "LIGHTSHIP_BATCH_WINDOW_MS": "5",
        "LIGHTSHIP_INIT_SECONDS": "8",
        "LIGHTSHIP_BODY_SECONDS": "1.5",
        "LIGHTSHIP_BODIES_MB": "40",
        "LIGHTSHIP_CONNECTIONS": "50",
        "LIGHTSHIP_IDLE_SECONDS": "9",
        "LIGHTSHIP_ALLOWED_HOSTS": "api.example.com, Other.example",
        "LIGHTSHIP_BASE_PATH": "ml/v2/",
        "LIGHTSHIP_CORS_ORIGINS": "https://A.example, http://localhost:3000",
        "LIGHTSHIP_ACCESS_LOG": "1",
        "LIGHTSHIP_METRICS": "1",
        "LIGHTSHIP_TRANSFORMS": "euros, dates_2",
        "LIGHTSHIP_TRANSFORMS_FOLDER": "/code",
        "LIGHTSHIP_TRANSFORM_SECONDS": "2.5",
        "LIGHTSHIP_EXPLAIN_EVALUATIONS": "5000",
        "LIGHTSHIP_EXPLAIN_SECONDS": "1.5",
        "LIGHTSHIP_SIGN_IN": "jwt",
        "LIGHTSHIP_SIGN_IN_ISSUER": "https://id.example/realm",
        "LIGHTSHIP_SIGN_IN_CLIENT": "page",
        "LIGHTSHIP_SIGN_IN_SCOPE": "openid models",
        "LIGHTSHIP_PAGE_ORIGINS": "https://token.example",
        "LIGHTSHIP_WORKERS": "4",
    }
    cache = {"digits": 2_000_000}
    hosts, origins = ("api.example.com", "other.example"), ("https://a.example", "http://localhost:3000")
    limits = (1.5, 40_000_000, 50, 9.0, hosts)
    kept = CacheSettings(Path("/tmp/cache"), 2 * 1024 * 1024)
    model = ("/models", kept, "digits", "secret", True, True, 10, 20, 0.5, 5_000_000, cache, 3, 16, 0.005, 8.0)
    reachable = ("https://id.example", "https://token.example")
    page = PageSettings("jwt", "https://id.example/realm", "page", "openid models", reachable)
    code = TransformSettings(("euros", "dates_2"), Path("/code"), 2.5)
    expected = Settings(
        *model,
        *limits,
        base_path="/ml/v2",
        cors_origins=origins,
        access_log=True,
        metrics=True,
        transforms=code,
        explain=ExplainSettings(5000, 1.5),
        page=page,
        workers=4,
    )
    assert Settings.from_environment(environ) == expected


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("LIGHTSHIP_ALLOW_ANONYMOUS", "maybe"),
        ("LIGHTSHIP_MAX_BODY_BYTES", "-1"),
        ("LIGHTSHIP_MAX_BODY_BYTES", "0"),
        ("LIGHTSHIP_THREADS", "0"),
        ("LIGHTSHIP_WORKERS", "0"),
        ("LIGHTSHIP_CACHE_MB", "lots"),
        ("LIGHTSHIP_ALLOWED_HOSTS", "http://x"),
        ("LIGHTSHIP_ALLOWED_HOSTS", "api.example.com:443"),
        ("LIGHTSHIP_RESPONSE_CACHE_MB", "digits"),
        ("LIGHTSHIP_CORS_ORIGINS", "a.example"),
        ("LIGHTSHIP_CORS_ORIGINS", "https://a.example/"),
        ("LIGHTSHIP_BASE_PATH", "/"),
        ("LIGHTSHIP_BASE_PATH", "https://h/ml"),
        ("LIGHTSHIP_TRANSFORMS", "../x"),
        ("LIGHTSHIP_TRANSFORMS", "euros,A"),
        ("LIGHTSHIP_TRANSFORM_SECONDS", "0"),
        ("LIGHTSHIP_EXPLAIN_EVALUATIONS", "0"),
        ("LIGHTSHIP_EXPLAIN_SECONDS", "0"),
        ("LIGHTSHIP_SIGN_IN", "password"),
        ("LIGHTSHIP_SIGN_IN_ISSUER", "id.example"),
        ("LIGHTSHIP_PAGE_ORIGINS", "https://a.example;x"),
        ("LIGHTSHIP_REFRESH_SECONDS", "nan"),
        ("LIGHTSHIP_REFRESH_SECONDS", "soon"),
    ],
)
def test_settings_malformed_variable_is_named(key: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"{key}.*'{text}'"):
        Settings.from_environment({key: text})


@pytest.mark.parametrize("token", ["s\u00e9same", "open sesame", "sesame\n"])
def test_settings_invalid_token_is_refused_without_value(token: str) -> None:
    with pytest.raises(SettingError, match="LIGHTSHIP_TOKEN") as refused:
        Settings.from_environment({"LIGHTSHIP_TOKEN": token})
    assert "same" not in refused.value.message


def test_settings_sign_in_by_issuer_without_client_is_refused() -> None:
    environ = {"LIGHTSHIP_SIGN_IN": "jwt", "LIGHTSHIP_SIGN_IN_ISSUER": "https://id.example"}
    with pytest.raises(SettingError, match="LIGHTSHIP_SIGN_IN_CLIENT"):
        Settings.from_environment(environ)


@pytest.mark.parametrize(
    ("environ", "origins"),
    [
        ({"AWS_REGION": "eu-west-1"}, ("https://files.s3.eu-west-1.amazonaws.com",)),
        ({"AWS_REGION": "cn-north-1"}, ("https://files.s3.cn-north-1.amazonaws.com.cn",)),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:8001/x"}, ("http://127.0.0.1:8001",)),
        (
            {"AWS_REGION": "eu-west-1", "LIGHTSHIP_REGISTRY": "s3://my.models/models"},
            ("https://files.s3.eu-west-1.amazonaws.com", "https://s3.eu-west-1.amazonaws.com"),
        ),
    ],
)
def test_page_settings_name_origins_of_buckets(environ: dict[str, str], origins: tuple[str, ...]) -> None:
    page = Settings.from_environment({"LIGHTSHIP_BUCKET": "files", **environ}).page
    assert page.origins == origins
    assert not page.jobs


def test_page_settings_sign_in_by_token_where_server_has_one() -> None:
    assert Settings().page.sign_in_of(None) == {"method": "none"}
    assert Settings().page.sign_in_of("secret") == {"method": "token"}


def test_settings_page_lists_variables_of_source() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    listed = re.findall(r"^\| `(LIGHTSHIP_[A-Z_]+)`", page, re.MULTILINE)
    sources = [*(ROOT / "src").rglob("*.py"), ROOT / "compose.yaml", ROOT / "template.yaml"]
    read = {name for path in sources for name in re.findall(r"LIGHTSHIP_[A-Z]+(?:_[A-Z]+)*", path.read_text())}
    assert sorted(listed) == sorted(read)
