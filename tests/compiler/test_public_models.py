"""Models of public packages: compiled with parity, or refused with the cause.

``make public-models`` runs all of them and writes docs/public-models.md. Every other run takes a sample.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lightship.calls import Call
from lightship.compiler import CompileOptions, Report, compile_model
from lightship.errors import LightshipError
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.compiler.public_models import MODELS, PublicModel
from tests.compiler.public_models_page import Outcome, page
from tests.compiler.public_packages import download, file_of

PAGE = "PUBLIC_MODELS_PAGE"  # the environment variable that names the page to write

Compiled = Callable[[PublicModel], tuple[Report, Model]]


def _params(models: list[PublicModel]) -> list[object]:
    return [
        pytest.param(model, id=str(model), marks=[] if model.sample else pytest.mark.slow)  # the rest is slow
        for model in models
    ]


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, registry: Registry) -> Iterator[dict[PublicModel, Future[Report]]]:
    """Compile the selected models, two at a time."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    models = list(dict.fromkeys(spec.params["public"] for spec in specs if spec and "public" in spec.params))
    download(models)
    with ThreadPoolExecutor(2) as pool:
        begun = {
            model: pool.submit(
                compile_model,
                file_of(model),
                registry=registry,
                options=CompileOptions(name=f"public-{MODELS.index(model)}"),
            )
            for model in models
        }
        yield begun
    if os.environ.get(PAGE):
        Path(os.environ[PAGE]).write_text(page(Outcome(model, _result(future)) for model, future in begun.items()))


def _result(future: Future[Report]) -> Report | LightshipError:
    error = future.exception()
    if error is None:
        return future.result()
    assert isinstance(error, LightshipError)
    return error


@pytest.mark.parametrize("public", _params([model for model in MODELS if model.engine]))
def test_public_model_compiles_with_parity_and_predicts(
    outcomes: dict[PublicModel, Future[Report]], registry: Registry, public: PublicModel
) -> None:
    try:
        report = outcomes[public].result()
    except LightshipError as error:
        pytest.fail(f"{error.message} ({error.detail})")
    assert (report.engine, report.trusted) == (public.engine, ())
    model = Model.load(registry.open(report.name))
    inputs, expected = model.golden()
    for output, array in model.predict(Call(inputs)).outputs.items():
        if np.issubdtype(array.dtype, np.inexact):
            scale = np.nanmax(np.abs(expected[output]))
            np.testing.assert_allclose(array, expected[output], rtol=1e-3, atol=1e-4 * scale)
        else:
            np.testing.assert_array_equal(array, expected[output])
    assert all(entry.max_abs <= entry.atol for entry in report.parity)


@pytest.mark.parametrize("public", _params([model for model in MODELS if model.refused]))
def test_public_model_is_refused_with_cause(outcomes: dict[PublicModel, Future[Report]], public: PublicModel) -> None:
    with pytest.raises(LightshipError) as refusal:
        outcomes[public].result()
    assert refusal.value.code == public.refused
    assert public.cause in refusal.value.message


@pytest.mark.parametrize("public", _params([model for model in MODELS if model.package == "spliceai"]))
def test_public_model_with_any_sequence_length_keeps_length(
    outcomes: dict[PublicModel, Future[Report]], registry: Registry, public: PublicModel
) -> None:
    model = Model.load(registry.open(outcomes[public].result().name))
    (spec,) = model.manifest.signature().inputs
    assert spec.shape == (None, None, 4)
    for length in (10_001, 10_240):
        (output,) = model.predict(Call({spec.name: np.zeros((1, length, 4), np.float32)})).outputs.values()
        assert output.shape == (1, length - 10_000, 3)
