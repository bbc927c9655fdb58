"""Decision trees of every source as one TensorFlow graph.

An importer describes its trees as a :class:`~lightship.compiler.trees.forest.Forest`. The description is validated,
arranged and evaluated by traversal: all trees of all rows advance by one level with each set of gathers. An
:class:`~lightship.compiler.trees.ensemble.Ensemble` makes predictions of the sums.
"""

from lightship.compiler.trees.ensemble import Activation, Ensemble, Predictor
from lightship.compiler.trees.forest import Forest, InvalidForest
from lightship.compiler.trees.graph import total
from lightship.compiler.trees.joining import Tree, join
from lightship.compiler.trees.layout import Layout, arrange

__all__ = [
    "Activation",
    "Ensemble",
    "Forest",
    "InvalidForest",
    "Layout",
    "Predictor",
    "Tree",
    "arrange",
    "join",
    "total",
]
