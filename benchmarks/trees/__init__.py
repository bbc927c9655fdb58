"""Decision trees beside the libraries that trained them."""
