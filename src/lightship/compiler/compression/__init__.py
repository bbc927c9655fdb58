"""Compression: smaller and faster variants of a model, chosen by measurement.

It starts from the verified fp32 ``model.tflite`` of any source. Each step that opens a model runs in a sandboxed child
process of its own, so that a variant that crashes is only left out::

    budget        what a variant may cost: a drop of a metric, a difference of outputs
    quantizing    the recipes, and how ai-edge-quantizer makes a variant
    measuring     latencies side by side, differences from the recordings, metrics
    steps         the order of the child processes, from the parent's side
    candidates    child: write all variants
    figures       child: memory, differences and metric of one variant
    mixed         child: a variant whose most damaging layers stay in float32
    selection     child: latencies of all variants, the choice, and the bundle
    choice        the rule
    table         the figures of all variants
"""
