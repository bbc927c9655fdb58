"""Description of a model file without a compile, and a starter model.yaml."""
