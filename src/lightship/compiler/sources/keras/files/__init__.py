"""The two file formats of Keras, and the version of Keras that wrote a file."""
