"""The benchmarks are a package of the repository's root, not of the library: this lets the tests find it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
