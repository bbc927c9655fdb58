"""The two file formats of Keras, and the Keras version that wrote a file."""
