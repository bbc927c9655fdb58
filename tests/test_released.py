"""Registries and bundles of released versions, which later versions read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import orjson
import pytest

from lightship import Bundle, Call, Model, Registry
from lightship.bundle import MANIFEST, SCHEMA
from lightship.errors import BundleError

RELEASED = sorted((Path(__file__).parent / "released").iterdir())


@pytest.mark.parametrize("registry", RELEASED, ids=lambda path: path.name)
def test_registry_of_released_version_predicts(registry: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(registry, tmp_path / "models")
    assert Registry(str(folder)).state("quickstart").versions == (1,)
    model = Model.open(folder / "quickstart" / "1")
    assert 1 <= orjson.loads((folder / "quickstart" / "1" / MANIFEST).read_bytes())["schema"] <= SCHEMA
    inputs, outputs = model.golden()
    found = model.predict(Call(inputs)).outputs
    assert found.keys() == outputs.keys()
    for name, expected in outputs.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, "1", None, True])
def test_bundle_of_unknown_schema_is_refused(schema: object, tmp_path: Path) -> None:
    folder = shutil.copytree(RELEASED[0] / "quickstart" / "1", tmp_path / "1")
    record = orjson.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_bytes(orjson.dumps(record | {"schema": schema}))
    with pytest.raises(BundleError, match=repr(schema)):
        Bundle.open(folder)
