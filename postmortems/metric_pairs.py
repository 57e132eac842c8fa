"""Lengths of time between two named moments of an incident: median, 90th percentile, of how many, and how many have no data.

Never a mean (durations are skewed), never without both ends, never a figure of a person (product.md section 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postmortems.models import MetricPair

FEW = 5  # below: too few to compare
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
# key, name, starts, ends, target, target of SEV1, of SEV2
SHIPPED: tuple[tuple[str, str, str, str, timedelta | None, timedelta | None, timedelta | None], ...] = (
    ("detect", "Time to detect", "impact_started", "detected", 5 * _MINUTE, None, None),
    ("alert", "Time to alert", "detected", "alerted", _MINUTE, None, None),
    ("acknowledge", "Time to acknowledge", "alerted", "acknowledged", 5 * _MINUTE, None, None),
    ("identify", "Time to identify", "acknowledged", "identified", None, None, None),
    ("mitigate", "Time to mitigate", "impact_started", "mitigated", None, 15 * _MINUTE, 30 * _MINUTE),
    ("watch", "Watched before resolving", "mitigated", "resolved", None, None, None),
    ("duration", "Duration", "impact_started", "resolved", None, None, None),
    ("publish", "Time to publish", "resolved", "published", 48 * _HOUR, None, None),
)


def shipped() -> list[MetricPair]:
    """The pairs of section 4, not stored."""
    return [
        MetricPair(key=key, name=name, starts=starts, ends=ends, target=target, target_sev1=sev1, target_sev2=sev2, order=order)
        for order, (key, name, starts, ends, target, sev1, sev2) in enumerate(SHIPPED, start=1)
    ]


def rows() -> list[MetricPair]:
    """As administrators keep them; the shipped ones where there are none. 1 query."""
    return list(MetricPair.objects.all()) or shipped()


def lay_out(now: datetime) -> str:
    """The seed chapter."""
    if MetricPair.objects.exists():
        return ""
    return f"{len(MetricPair.objects.bulk_create(shipped()))} metric pairs"


@dataclass(frozen=True, slots=True)
class Figure:
    """One pair over some incidents. total: incidents asked, n: those with both ends. median and p90 in seconds, None without any.

    judged: those with a target, met: of these.
    """

    total: int
    n: int
    median: float | None
    p90: float | None
    met: int = 0
    judged: int = 0

    @property
    def missing(self) -> int:
        return self.total - self.n

    @property
    def too_few(self) -> bool:
        return self.n < FEW


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of ascending values, at a share from 0 to 1, between neighbours in proportion (PostgreSQL's percentile_cont). Raises: ValueError, no value."""
    if not ordered:
        raise ValueError("no values")
    place = share * (len(ordered) - 1)
    below = int(place)
    if below + 1 == len(ordered):
        return ordered[below]
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])


def between(start: float | None, end: float | None) -> float | None:
    """Seconds from `start` to `end`; None where one is unknown, or where it ends before it begins: that is no data, not a quick answer."""
    if start is None or end is None or end < start:
        return None
    return end - start


def figure(lengths: Iterable[float | None], targets: Iterable[float | None] = ()) -> Figure:
    """`targets`: for each length the seconds within which it should lie, None for no target."""
    asked = list(lengths)
    known = sorted(length for length in asked if length is not None)
    judged = [(length, target) for length, target in zip(asked, targets, strict=False) if length is not None and target is not None]
    met = sum(1 for length, target in judged if length <= target)
    if not known:
        return Figure(len(asked), 0, None, None)
    return Figure(len(asked), len(known), quantile(known, 0.5), quantile(known, 0.9), met, len(judged))
