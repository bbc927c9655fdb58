"""Record Shapley values by shap, which the tests do not install.

In an environment with shap: ``python -m tests.explain.shap_values > tests/explain/shap_values.json``.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shap  # type: ignore[import-not-found]

from tests.explain.games import random_game


def case(seed: int, columns: int) -> dict[str, Any]:
    """Return KernelExplainer's values for a row of ones, background zeros."""
    game = random_game(seed, columns)
    explainer = shap.KernelExplainer(lambda rows: game(rows != 0), np.zeros((1, columns)))
    values = explainer.shap_values(np.ones((1, columns)), nsamples=20_000, silent=True, l1_reg=False)
    return {"seed": seed, "columns": columns, "values": np.round(values[0], 9).tolist()}


if __name__ == "__main__":
    np.random.seed(0)
    cases = [case(1, 4), case(2, 9), case(3, 11), case(4, 13), case(5, 14)]
    print(json.dumps({"shap": shap.__version__, "cases": cases}))
