"""The example ``expenses`` with its transform ``transforms/euros.py``."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lightship.bundle import Bundle
from lightship.calls import Call
from lightship.cli import lightship
from lightship.errors import InvalidInput
from lightship.model import Model
from lightship.settings import TransformSettings
from tests.bundles import Registries
from tests.emulator import ROOT

EUROS = TransformSettings(("euros",), ROOT / "transforms")


@pytest.fixture
def model(registries: Registries) -> Model:
    return Model.open(registries.transformed / "expenses" / "1", transforms=EUROS)


def claims(*amounts: str) -> Call:
    encoded = np.array([amount.encode() for amount in amounts], object)
    return Call({"amount": encoded, "nights": np.ones(len(amounts), np.float32)})


def test_expenses_returns_recorded_outputs(model: Model) -> None:
    inputs, expected = model.golden()
    outputs = model.predict(Call(inputs)).outputs
    assert np.allclose(outputs["score"], expected["score"], atol=1e-4)
    assert outputs["decision"].tolist() == expected["decision"].tolist()
    assert {b"pay", b"review"} == {*expected["decision"].tolist()}


def test_expenses_loads_without_warning(registries: Registries, caplog: pytest.LogCaptureFixture) -> None:
    bundle = Bundle.open(registries.transformed / "expenses" / "1")
    with caplog.at_level(logging.WARNING):
        Model.load(bundle, transforms=EUROS)
    assert caplog.text == "", "run `make examples`"


@pytest.mark.parametrize("amounts", [("1.000,00 €", "1000"), ("12,50 €", "12,50"), (" 1.234.567,89€", "1234567,89")])
def test_expenses_equal_amounts_have_equal_scores(model: Model, amounts: tuple[str, str]) -> None:
    one, other = model.predict(claims(*amounts)).outputs["score"].tolist()
    assert one == other


@pytest.mark.parametrize("amount", ["12.50", "1,5", "", "-1", "1.2345", "€", "zwölf"])
def test_expenses_refuses_other_texts_with_row(model: Model, amount: str) -> None:
    with pytest.raises(InvalidInput, match="row 2, input 'amount': "):
        model.predict(claims("1", amount))


def test_expenses_scores_claims_file(registries: Registries) -> None:
    def predict(source: str) -> Result:
        environment = {"LIGHTSHIP_TRANSFORMS_FOLDER": str(EUROS.folder), "LIGHTSHIP_TRANSFORMS": "euros"}
        words = ["predict", "expenses", source, "--registry", str(registries.transformed), "--json"]
        return CliRunner(env=environment).invoke(lightship, words)

    predictions = json.loads(predict(str(ROOT / "examples" / "expenses" / "claims.csv")).output)["predictions"]
    assert predictions["decision"] == ["review", "pay", "pay"]
