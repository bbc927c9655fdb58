"""Tables: tensors [batch, columns] whose columns have names and may have types."""

from __future__ import annotations

from lightship.inputs.tabular.table import Tabular

__all__ = ["KIND", "Tabular"]

KIND = Tabular
