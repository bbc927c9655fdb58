"""Decision trees of every source as one TensorFlow graph.

An importer describes its trees as a :class:`~lightship.compiler.trees.forest.Forest`. The description is validated,
arranged and evaluated by traversal: all trees of all rows advance by one level with each set of gathers.
"""

from lightship.compiler.trees.forest import Forest, InvalidForest
from lightship.compiler.trees.graph import total
from lightship.compiler.trees.joining import Tree, join
from lightship.compiler.trees.layout import Layout, arrange

__all__ = ["Forest", "InvalidForest", "Layout", "Tree", "arrange", "join", "total"]
