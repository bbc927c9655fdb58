"""What a Keras configuration may name: classes, functions and operators."""
