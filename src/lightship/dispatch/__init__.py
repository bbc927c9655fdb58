"""The single entry for a request: admission, then the protocol's route, synchronously."""
