"""Classes, functions and operators that a Keras configuration may name."""
