"""Hostile .skops files and pickles: refused before skops opens them."""

from __future__ import annotations

import pickle
import sys
import warnings
from pathlib import Path

import pytest

from lightship.compiler import CompileOptions, compile_model, sources
from lightship.compiler.sources.sklearn.files import SkopsFile
from lightship.compiler.sources.trust import trusted_code
from lightship.errors import SourceRefused
from lightship.registry.registry import Registry
from tests.compiler.scikit_learn import hostile_files


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    """Return the hostile files, and the file that each would write if it ran."""
    folder = tmp_path_factory.mktemp("hostile")
    executed = tmp_path_factory.mktemp("executed") / "executed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of entries that exist twice
        return hostile_files.write(folder, executed), executed


def test_hostile_files_are_refused_and_run_nothing(hostile: tuple[list[Path], Path], tmp_path: Path) -> None:
    files, executed = hostile
    loaded = set(sys.modules)
    for path in files:
        with pytest.raises(SourceRefused) as refused:
            SkopsFile().check(path, tmp_path)
        assert path.name in refused.value.message, path.name
        assert "\n" not in refused.value.message
    assert not executed.exists()
    assert not list(tmp_path.iterdir())
    assert len(files) > 40
    assert not {name for name in set(sys.modules) - loaded if name.startswith(("subprocess", "quantile_forest"))}


def test_hostile_files_reach_no_loader_with_trust(hostile: tuple[list[Path], Path], tmp_path: Path) -> None:
    files, executed = hostile
    for path in files:
        with pytest.raises(SourceRefused):
            sources.find(path).load(path, tmp_path, trust=True)
    assert not executed.exists()


def test_hostile_file_compiled_in_sandbox_publishes_nothing(hostile: tuple[list[Path], Path], tmp_path: Path) -> None:
    files, executed = hostile
    path = next(path for path in files if path.name == "function.skops")
    with pytest.raises(SourceRefused, match=r"os\.system"):
        compile_model(path, registry=Registry(str(tmp_path / "registry")), options=CompileOptions(trust=True))
    assert not executed.exists()
    assert not Registry(str(tmp_path / "registry")).models()


@pytest.mark.parametrize("name", ["model.joblib", "model.pkl", "model"])
def test_pickle_without_trust_names_skops_and_trust(name: str, tmp_path: Path) -> None:
    path, executed = tmp_path / name, tmp_path / "executed"
    path.write_bytes(pickle.dumps(hostile_files.Payload(executed)))
    importer = sources.find(path)
    code = importer.check(path, tmp_path)
    with pytest.raises(SourceRefused, match=r"skops\.io\.dump.*--trust"):
        trusted_code(path, code, trust=False)
    assert trusted_code(path, code, trust=True) == code
    assert not executed.exists()
