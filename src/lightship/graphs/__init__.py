"""TensorFlow graphs, read as messages before TensorFlow loads them: what in them would reach out of the model.

TensorFlow's own words: "TensorFlow models are programs". A graph can read and write files, call Python, open sockets,
end the process. What a model may hold is a list of operators (``seen.txt``, ``reviewed.txt``); all else is named.
"""

from __future__ import annotations

from lightship.graphs.checks import findings
from lightship.graphs.filenames import stray_assets
from lightship.graphs.messages import functions_of, node_name, read_saved_model
from lightship.graphs.operators import flex_findings, phrases_of

__all__ = [
    "findings",
    "flex_findings",
    "functions_of",
    "node_name",
    "phrases_of",
    "read_saved_model",
    "stray_assets",
]
