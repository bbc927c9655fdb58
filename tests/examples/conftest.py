"""Import path for the examples, a package in the repository's root."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
