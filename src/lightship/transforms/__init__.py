"""Transforms: a user's code before and after a model.

A transform is a module with ``preprocess(inputs) -> inputs`` or ``postprocess(outputs) -> outputs``, or both;
``postprocess(outputs, inputs)`` also gets what the client sent. A bundle names it and never contains it. It is loaded
only where the deployment allows its name (:class:`lightship.settings.TransformSettings`).
"""

from lightship.transforms.bound import BoundTransform
from lightship.transforms.loading import Transform, load

__all__ = ["BoundTransform", "Transform", "load"]
