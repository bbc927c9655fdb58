"""Compression: smaller and faster variants of a model, chosen by measurement.

It starts from the verified fp32 ``model.tflite`` of any source. Each step that opens a model runs in a sandboxed child
process of its own, so that a variant that crashes is only left out::

    budget      what a variant may cost: a drop of a metric, a difference of outputs
    recipes     the candidates, and how ai-edge-quantizer makes them
    layers      the operators whose weights are quantized, by name
    steps       the order of the child processes, from the parent's side
    candidates  child: write all candidates
    trial       child: memory, differences and metric of one candidate
    mixed       child: the most damaging layers stay in float32
    selection   child: latencies side by side, the choice, the bundle
    race        latencies of several variants in interleaved rounds
    choice      the rule
    table       the figures of all candidates
    metrics     figures from targets and outputs, with intervals
"""
