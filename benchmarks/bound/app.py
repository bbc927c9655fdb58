"""The bare handler where Lightship does the runtime's JSON and asks Lambda for events: what its own handler costs."""

from bare.app import handler

from lightship.handlers import runtime

runtime.install()

__all__ = ["handler"]
