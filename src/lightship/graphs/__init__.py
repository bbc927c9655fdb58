"""Check of TensorFlow graphs for operators with effects outside of the model.

"TensorFlow models are programs", says TensorFlow's documentation: a graph can read and write files, call Python, open
sockets and end the process. Graphs are therefore parsed as protocol buffers before TensorFlow loads them, and may hold
only the operators of an allow list (``seen.txt``, ``reviewed.txt``); all others are reported. A few operators that read
or write files are allowed only where they serve the model itself (:mod:`lightship.graphs.checks`).
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
