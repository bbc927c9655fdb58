"""Check whether Keras can run the options and load the files that are excluded.

``python -m tests.zoo.left_out FILE`` writes a JSON list of the excluded options that Keras can run, the exported
classes whose files it can load, and unknown names.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.zoo.layers import EXPORTED, OPTIONS_LEFT_OUT, left_out_options, ordinary


def main(target: Path) -> None:
    unknown = OPTIONS_LEFT_OUT.keys() - left_out_options(keras).keys()
    target.write_text(json.dumps([*unknown, *_runnable(), *_loadable()]))


def _runnable() -> Iterator[str]:
    for name, build in left_out_options(keras).items():
        if _succeeds(lambda build=build: _predict(build())):
            yield name


def _loadable() -> Iterator[str]:
    for name in EXPORTED:
        if _succeeds(lambda name=name: _load_again(ordinary(keras)[name]())):
            yield name


def _predict(model: Any) -> None:
    model.predict(np.ones((2, *model.inputs[0].shape[1:]), model.inputs[0].dtype), verbose=0)


def _load_again(model: Any) -> None:
    with tempfile.TemporaryDirectory() as work:
        model.save(Path(work, "model.keras"))
        keras.saving.load_model(Path(work, "model.keras"))


def _succeeds(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except Exception:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
