"""Which code is loaded: allowed names only, from one folder or an entry point."""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
from pathlib import Path

import orjson
import pytest

from lightship.bundle import MANIFEST, Bundle, Manifest
from lightship.compiler.verification import child_output
from lightship.errors import BundleError, MissingTransform, SourceRefused, Unavailable
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings
from lightship.transforms import load
from tests.bundles import Registries
from tests.transforms.models import CODE, WAITING, allowed, closed_gate, publish

IDENTITY = "def preprocess(inputs):\n    return inputs\n"


@pytest.fixture
def bundle(registries: Registries, tmp_path: Path) -> Bundle:
    return publish(Registry(str(tmp_path / "models")), registries.small)


def test_load_allowed_file_has_functions_and_digest(tmp_path: Path) -> None:
    transform = load("own", allowed(tmp_path, IDENTITY, name="own"))
    assert transform.preprocess is not None
    assert transform.preprocess({"a": 1}) == {"a": 1}  # type: ignore[dict-item]
    assert transform.postprocess is None
    assert transform.sha256 == hashlib.sha256(IDENTITY.encode()).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["own.py"]  # no compiled file, which could be stale


def test_load_disallowed_transform_runs_nothing_and_names_setting(tmp_path: Path) -> None:
    settings = allowed(tmp_path, "raise SystemExit('executed')", name="own")
    with pytest.raises(Unavailable, match=r"'own'.*LIGHTSHIP_TRANSFORMS") as refused:
        load("own", settings._replace(names=("other",)))
    assert str(tmp_path) not in refused.value.message


@pytest.mark.parametrize("name", ["os", "json", "lightship", "absent"])
def test_load_name_of_python_module_without_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"no transform '{name}'"):
        load(name, TransformSettings((name,), tmp_path))


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("def (", "SyntaxError"),
        ("import no_such_package", "ModuleNotFoundError"),
        ("x = 1", "neither a function preprocess nor a function postprocess"),
        ("preprocess = 1", "'preprocess'.*is not a function"),
    ],
)
def test_load_unusable_file_is_refused_in_one_sentence(code: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=named):
        load("own", allowed(tmp_path, code, name="own"))


def test_load_failing_import_has_line_in_detail(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        load("own", allowed(tmp_path, "\n\nraise ValueError('wrong')", name="own"))
    assert refused.value.detail == "ValueError: wrong (own.py, line 3, in <module>)"


def test_load_syntax_error_has_line_of_transform_only(tmp_path: Path) -> None:
    with pytest.raises(MissingTransform) as refused:
        load("own", allowed(tmp_path, "\n\ndef (", name="own"))
    assert refused.value.detail == "SyntaxError: invalid syntax (own.py, line 3)"


def test_load_hanging_import_ends_at_limit_and_runs_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = allowed(tmp_path, f"{WAITING}\n{IDENTITY}", name="own", seconds=0.1)
    before = set(threading.enumerate())
    with closed_gate():
        for reason in ("not imported within 0.1 s", "earlier import"):
            with pytest.raises(MissingTransform, match=f"'own'.*{reason}|{reason}.*'own'"):
                load("own", settings)
        (running,) = set(threading.enumerate()) - before
        assert "'own' was not imported" in caplog.text
        with pytest.raises(MissingTransform, match="ZeroDivisionError"):  # other transforms are loaded meanwhile
            load("other", allowed(tmp_path, "1 / 0", name="other"))
    running.join(30.0)
    assert load("own", settings._replace(seconds=30.0)).preprocess is not None


def test_load_entry_point_of_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "installed_transforms.py").write_text(IDENTITY)
    metadata = tmp_path / "installed_transforms-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: installed-transforms\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[lightship.transforms]\ninstalled = installed_transforms\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = TransformSettings(("installed",), tmp_path / "transforms")
    transform = load("installed", settings)
    assert transform.sha256 == hashlib.sha256(IDENTITY.encode()).hexdigest()
    sys.modules.pop("installed_transforms")
    own = load("installed", allowed(tmp_path / "transforms", "def postprocess(outputs): ...", name="installed"))
    assert (own.preprocess, own.postprocess is None) == (None, False)  # the project's file comes first
    assert "installed_transforms" not in sys.modules


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a.b", "A", "", "x\n", None, 5, "a" * 65, "é"])
def test_manifest_with_hostile_transform_name_is_refused(bundle: Bundle, name: object) -> None:
    path = bundle.path / MANIFEST
    record = orjson.loads(path.read_bytes())
    record["transform"]["name"] = name
    path.write_bytes(orjson.dumps(record))
    with pytest.raises(BundleError, match="is not a manifest"):
        Bundle.open(bundle.path)


@pytest.mark.parametrize("change", [{"signatures": []}, {"signatures": 1}, {"sha256": None, "signatures": [{}]}])
def test_manifest_with_malformed_transform_is_refused(
    bundle: Bundle, change: dict[str, object], tmp_path: Path
) -> None:
    path = bundle.path / MANIFEST
    record = orjson.loads(path.read_bytes())
    record["transform"] |= change
    path.write_bytes(orjson.dumps(record))
    with pytest.raises(BundleError):
        Model.open(bundle.path, transforms=allowed(tmp_path / "code"))


@pytest.mark.parametrize("transform", [None, "other", "amounts"])
def test_compiled_bundle_with_other_transform_is_refused(bundle: Bundle, transform: str | None) -> None:
    options = {"sandbox": bundle.manifest.sandbox, "largest": 2**30, "transform": transform}
    if transform == "amounts":
        assert child_output.verify(bundle.path, **options).digest == bundle.digest
        return
    with pytest.raises(SourceRefused, match="transform"):
        child_output.verify(bundle.path, **options)


def test_manifest_with_transform_has_schema_2_and_returns_equal(bundle: Bundle) -> None:
    data = bundle.manifest.to_bytes()
    assert orjson.loads(data)["schema"] == 2
    assert Manifest.from_bytes(data) == bundle.manifest


def test_model_without_allowed_transforms_is_unavailable(bundle: Bundle) -> None:
    with pytest.raises(Unavailable, match="'amounts'"):
        Model.open(bundle.path)


def test_model_with_changed_transform_logs_warning(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = allowed(tmp_path / "code")
    assert bundle.manifest.transform is not None
    for digest, warned in ((hashlib.sha256(CODE.encode()).hexdigest(), False), ("0" * 64, True)):
        used = bundle.manifest.transform._replace(sha256=digest)
        (bundle.path / MANIFEST).write_bytes(bundle.manifest._replace(transform=used).to_bytes())
        with caplog.at_level(logging.WARNING):
            Model.open(bundle.path, transforms=settings)
        assert ("has changed" in caplog.text) is warned
