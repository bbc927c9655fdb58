"""The copy of a validated model file that XGBoost opens.

XGBoost reads identifiers, parents, categories and offsets without a check. The copy has the validated values only, and
the rest computed from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lightship.compiler.sources.boosting.xgboost import ubjson
from lightship.compiler.sources.boosting.xgboost.gradient import Grown
from lightship.compiler.sources.boosting.xgboost.header import Header
from lightship.compiler.sources.boosting.xgboost.learner import Learner
from lightship.compiler.trees.forest import LEAF
from lightship.tensors import Array

_NO_PARENT = 2**31 - 1
_WEIGHTED = {"reg_loss_param": {"scale_pos_weight": "1"}}
_RANKING = {
    "lambdarank_bias_norm": "1",
    "lambdarank_normalization": "1",
    "lambdarank_num_pair_per_sample": "4294967295",
    "lambdarank_pair_method": "topk",
    "lambdarank_score_normalization": "1",
    "lambdarank_unbiased": "0",
    "ndcg_exp_gain": "1",
}
# Parameters of training that XGBoost requires, by objective.
_PARAMETERS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "reg:squarederror": _WEIGHTED,
    "reg:gamma": _WEIGHTED,
    "reg:logistic": _WEIGHTED,
    "binary:logistic": _WEIGHTED,
    "binary:logitraw": _WEIGHTED,
    "rank:ndcg": {"lambdarank_param": _RANKING},
    "rank:map": {"lambdarank_param": _RANKING},
    "rank:pairwise": {"lambdarank_param": _RANKING},
    "reg:pseudohubererror": {"pseudo_huber_param": {"huber_slope": "1"}},
    "reg:quantileerror": {"quantile_loss_param": {"quantile_alpha": "[5E-1]"}},
    "reg:tweedie": {"tweedie_regression_param": {"tweedie_variance_power": "1.5"}},
    "count:poisson": {"poisson_regression_param": {"max_delta_step": "0.7"}},
    "survival:aft": {"aft_loss_param": {"aft_loss_distribution": "normal", "aft_loss_distribution_scale": "1"}},
}


def written(learner: Learner) -> bytes:
    """Return a .ubj file of the trees that predictions use."""
    header = learner.header
    document = {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": _booster(learner),
            "learner_model_param": {
                "base_score": header.base_score,
                "boost_from_average": "1",
                "num_class": str(header.classes),
                "num_feature": str(header.columns),
                "num_target": str(header.targets),
            },
            "objective": _objective(header),
        },
        "version": list(header.version),
    }
    return ubjson.dumps(document)


def _objective(header: Header) -> dict[str, Any]:
    if header.name.startswith("multi:"):
        return {"name": header.name, "softmax_multiclass_param": {"num_class": str(header.classes)}}
    return {"name": header.name, **_PARAMETERS.get(header.name, {})}


def _booster(learner: Learner) -> dict[str, Any]:
    count, groups, columns = len(learner.used), learner.header.groups, learner.header.columns
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(count)},
        "iteration_indptr": list(range(0, count + 1, groups)),
        "tree_info": [index % groups for index in range(count)],
        "trees": [_tree(each, number, columns) for number, each in enumerate(learner.used)],
    }
    booster = {"model": model, "name": "gbtree"}
    if not learner.dart:
        return booster
    return {"gbtree": booster, "name": "dart", "weight_drop": [each.weight for each in learner.used]}


def _tree(grown: Grown, number: int, columns: int) -> dict[str, Any]:
    tree, nodes = grown.tree, len(grown.conditions)
    unused = np.zeros(nodes, np.float32)
    empties = {"categories": "i4", "categories_nodes": "i4", "categories_segments": "i8", "categories_sizes": "i8"}
    return {
        **{name: np.empty(0, dtype) for name, dtype in empties.items()},
        "base_weights": unused,
        "default_left": tree.missing_left.astype(np.uint8),
        "id": number,
        "left_children": tree.left.astype(np.int32),
        "loss_changes": unused,
        "parents": _parents(grown),
        "right_children": tree.right.astype(np.int32),
        "split_conditions": grown.conditions,
        "split_indices": np.where(tree.feature == LEAF, 0, tree.feature).astype(np.int32),
        "split_type": np.zeros(nodes, np.uint8),
        "sum_hessian": unused,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(columns),
            "num_nodes": str(nodes),
            "size_leaf_vector": "1",
        },
    }


def _parents(grown: Grown) -> Array:
    parents = np.full(len(grown.conditions), _NO_PARENT, np.int32)
    inner = np.flatnonzero(grown.tree.feature != LEAF)
    for children in (grown.tree.left, grown.tree.right):
        parents[children[inner]] = inner
    return parents
