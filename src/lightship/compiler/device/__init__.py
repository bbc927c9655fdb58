"""``device.tflite``: the chosen model with fixed sizes, for phones and browsers.

It computes one row of the default signature. LiteRT.js refuses sizes that are not fixed, and a phone needs no others.
"""
