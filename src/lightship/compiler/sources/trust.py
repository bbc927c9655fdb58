"""Refusal of model files that contain code, unless the user trusts it."""

from __future__ import annotations

from pathlib import Path

from lightship.errors import SourceRefused

PICKLE = "a pickle, which runs code when it is opened"


def trusted_code(path: Path, code: tuple[str, ...], *, trust: bool) -> tuple[str, ...]:
    """Return the code that ``--trust`` allowed.

    Raises SourceRefused, which names the code, where it is not trusted.
    """
    if PICKLE in code and not trust:
        raise SourceRefused(
            f"{path.name} is {PICKLE}; it was not opened. Save a scikit-learn model with "
            'skops.io.dump(model, "model.skops"), a Keras model with model.save("model.keras"), or, if you trust the '
            "file's author, compile it with --trust"
        )
    if code and not trust:
        named = [f"{phrase:.400}" for phrase in code[:8]] + [f"{len(code) - 8} more"] * (len(code) > 8)
        raise SourceRefused(
            f"{path.name} is refused: it holds {'; '.join(named)}. This can reach out of the model or run code; "
            "nothing of it was run. If you trust the person who made the file, compile it with --trust"
        )
    return code
