"""``:explain`` of KServe's V1 protocol: predictions with explanations.

Reference: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol. It defines the fields
``predictions`` and ``explanations`` of the response, and leaves an explanation's form to the explainer.
"""

from __future__ import annotations

from lightship.bundle import Manifest
from lightship.calls import Call, Explained
from lightship.protocols.http import Request, Response
from lightship.protocols.json import write
from lightship.protocols.tfserving.json import read_object
from lightship.protocols.tfserving.predict import decode_predict, predicted


def decode_explain(request: Request, manifest: Manifest) -> Call:
    """Return the call of a body for ``:predict``.

    Its parameter ``target`` is that of the body or the query. Raises InvalidInput.
    """
    from lightship.protocols.explanations import read_target  # imported here: no prediction needs it

    call = decode_predict(request, manifest)
    target = read_target(request, read_object(request.body).get("target"))
    call.parameters = {**call.parameters, "target": target}
    return call


def encode_explain(explained: Explained) -> Response:
    """Return ``{"predictions": …, "explanations": […]}``, or ``outputs`` for columns."""
    from lightship.protocols.explanations import to_json

    prediction, rows = explained
    return Response(200, write({**predicted(prediction), "explanations": [*map(to_json, rows)]}))
