"""Rewrite of non-maximum suppression to the operator that LiteRT has.

Its result is padded to the maximum of boxes; the padding is cut off.
"""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.replacement import Function, Rule


def _suppress(operation: Any) -> Function:
    import tensorflow as tf

    def function(boxes: Any, scores: Any, most: Any, overlap: Any, *threshold: Any) -> Any:
        lowest = threshold[0] if threshold else tf.constant(float("-inf"))
        selected, count = tf.raw_ops.NonMaxSuppressionV4(
            boxes=boxes,
            scores=scores,
            max_output_size=most,
            iou_threshold=overlap,
            score_threshold=lowest,
            pad_to_max_output_size=True,
        )
        return selected[:count]

    return function


RULES: dict[str, Rule] = {"NonMaxSuppressionV2": _suppress, "NonMaxSuppressionV3": _suppress}
