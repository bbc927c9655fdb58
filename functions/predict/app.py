"""PredictFunction's entry point: the library holds the logic."""

import gc

gc.disable()  # what starts here stays: looking for garbage in between finds nothing, and takes 3 of 120 ms

from lightship.handlers.predict import handler  # noqa: E402

gc.freeze()  # nor does any request look through it again
gc.enable()

__all__ = ["handler"]
