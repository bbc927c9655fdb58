"""The laptop's stack: the deployed system with AWS's API played by moto, read from the template that deploys it."""
