"""Local stack: the deployed system's template, with AWS's API emulated by moto."""
