"""Dates and times of ISO 8601, as features such as year and weekday.

All features are of UTC: a time with an offset is converted, and a date or a time without one is of UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns.column import Column, Numbers, filling_of, shown
from lightship.tensors import Array, TensorSpec

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.sampling import Sampler

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2037, 12, 31, 23, 59, 59, tzinfo=UTC)
_TEXT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII | re.IGNORECASE
)

# Number of a moment in UTC by feature.
FEATURES: Mapping[str, Callable[[datetime], float]] = {
    "year": lambda moment: moment.year,
    "quarter": lambda moment: (moment.month + 2) // 3,
    "month": lambda moment: moment.month,
    "week": lambda moment: moment.isocalendar().week,
    "day": lambda moment: moment.day,
    "weekday": lambda moment: moment.weekday(),
    "day_of_year": lambda moment: moment.timetuple().tm_yday,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "days": lambda moment: (moment - _EPOCH).days,
    "seconds": lambda moment: (moment - _EPOCH).total_seconds(),
}
_TIMES = frozenset({"hour", "minute", "second", "seconds"})


@dataclass(frozen=True)
class Date(Column):
    """Column of dates, or of dates with times; ``features`` are keys of FEATURES."""

    features: tuple[str, ...] = ()

    options: ClassVar[tuple[str, ...]] = ("features",)
    form_type: ClassVar[str] = "date"

    @classmethod
    def check(cls, record: Mapping[str, Any]) -> None:
        """See :class:`Column`."""
        features = record.get("features")
        if not isinstance(features, list) or not features:
            raise InvalidInput(f"features must be a list, of {', '.join(FEATURES)}")
        if wrong := [feature for feature in features if not isinstance(feature, str) or feature not in FEATURES]:
            raise InvalidInput(f"there is no feature {shown(wrong[0])}, the features are {', '.join(FEATURES)}")
        if len(set(features)) < len(features):
            raise InvalidInput("features has a name twice")

    @classmethod
    def from_json(cls, name: str, record: Mapping[str, Any]) -> Self:
        """See :class:`Column`."""
        return cls(name, filling_of(record), tuple(record["features"]))

    @property
    def width(self) -> int:
        """See :class:`Column`."""
        return len(self.features)

    @property
    def largest(self) -> float:
        """See :class:`Column`."""
        return max(FEATURES[feature](_LATEST) for feature in self.features)

    def convert(self, cell: Any, spec: TensorSpec) -> Numbers:
        """See :class:`Column`; an integer tensor has whole seconds."""
        moment = _moment(cell)
        numbers = [FEATURES[feature](moment) for feature in self.features]
        return numbers if spec.numpy.kind == "f" else [int(number // 1) for number in numbers]

    def sample(self, sampler: Sampler, spec: TensorSpec, rows: int) -> Array:
        """See :class:`Column`: moments between 1970 and 2037."""
        seconds = sampler.rng.integers(0, int((_LATEST - _EPOCH).total_seconds()), size=rows)
        moments = [_EPOCH + timedelta(seconds=number) for number in seconds.tolist()]
        return np.array([self.convert(moment, spec) for moment in moments])

    def example(self, numbers: Array) -> Any:
        """See :class:`Column`: a fixed moment."""
        return "2024-05-17T18:30:00Z" if self._timed else "2024-05-17"

    def schema(self, spec: TensorSpec) -> dict[str, Any]:
        """See :class:`Column`."""
        return {"anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]}

    def describe(self) -> str:
        """See :class:`Column`."""
        return f"date ({', '.join(self.features)})"

    @property
    def _timed(self) -> bool:
        return not _TIMES.isdisjoint(self.features)


def _moment(cell: Any) -> datetime:
    """Return a cell as a moment in UTC; raises InvalidInput."""
    if isinstance(cell, date):  # of Parquet; a datetime is a date, too
        moment = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
    elif isinstance(cell, str) and _TEXT.fullmatch(cell.strip()):
        try:
            moment = datetime.fromisoformat(cell.strip().upper())
        except ValueError as error:
            raise InvalidInput(f"{shown(cell)} is not a date of the calendar: {error}") from None
    else:
        raise InvalidInput(f"{shown(cell)} is not a date of ISO 8601, such as 2024-12-31 or 2024-12-31T18:30:00Z")
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"{shown(cell)} is outside the years 1 to 9999 in UTC") from None


COLUMN = Date
