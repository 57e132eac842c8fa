"""Episodes of one alert: a pure fold over what was said about it, in the order of receipt (alerts.md section 3).

Each step looks only at the last episode, so a delivery in order costs one step, and a late one a fold over the alert's observations.
Comparisons of starts and ends use the source's own times only: a wrong clock on our side or theirs ends and reopens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

REOPENS_WITHIN = timedelta(minutes=10)  # of the last end, by the source's times


class Made(StrEnum):
    """What was made of an observation."""

    BEGAN = "began", "a new episode"
    SEEN = "seen", "seen again, nothing new"
    CORRECTED = "corrected", "began earlier than known"
    REFIRED = "refired", "refired, its resolve was not seen"
    REOPENED = "reopened", "fires again, the episode was reopened"
    ENDED = "ended", "ended"
    MOVED = "moved", "ended later than known"
    OLD_NEWS = "old_news", "old news riding along, nothing"
    CLOSED = "closed", "never seen firing, an episode that had already ended"

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Made:
        made = str.__new__(cls, value)
        made._value_, made.sentence = value, sentence
        return made


NEW_EPISODE = {Made.BEGAN, Made.CLOSED}


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that a source said about the alert."""

    received_at: datetime
    starts_at: datetime
    is_firing: bool
    ends_at: datetime | None = None
    asked: bool = False  # the source was asked; it did not tell by itself

    @property
    def order(self) -> tuple[datetime, datetime, bool, datetime, bool]:
        """By receipt; what was received in one moment, by content, so that every worker reads it alike."""
        return self.received_at, self.starts_at, not self.is_firing, self.ends_at or self.starts_at, self.asked


@dataclass(frozen=True, slots=True)
class Span:
    """One episode. `*_seen_at`, `reopened_at` and `ending_received_at` are ours; the others are the source's times."""

    started_at: datetime
    last_starts_at: datetime  # the newest startsAt that it was seen firing with
    first_seen_at: datetime
    last_seen_at: datetime  # firing
    ended_at: datetime | None = None
    ended_how: str = ""  # resolved, at_source (nobody told, we asked)
    ending_received_at: datetime | None = None
    reopened_at: datetime | None = None
    reopened_after: datetime | None = None  # the end that the last reopening undid
    reopenings: int = 0
    was_firing: bool = True  # False: heard of only when it was over; opens no incident

    @property
    def opened_at(self) -> datetime:
        """When we last saw it begin or return."""
        return self.reopened_at or self.first_seen_at


def fold(observations: Iterable[Seen]) -> list[Span]:
    """The episodes, oldest first; at most the last one is open."""
    spans: list[Span] = []
    for seen in sorted(observations, key=lambda seen: seen.order):
        made, span = step(spans[-1] if spans else None, seen)
        if made in NEW_EPISODE:
            spans.append(span)
        else:
            spans[-1] = span
    return spans


def step(last: Span | None, seen: Seen) -> tuple[Made, Span]:
    """What an observation makes of the last episode: that episode changed, or the next one."""
    if seen.is_firing:
        return _firing(last, seen)
    return _resolved(last, seen, seen.ends_at or seen.received_at)


def is_only_seen_again(last: Span | None, seen: Seen) -> bool:
    """Does a late observation commute with those read since? True: `step` gives what a whole fold would."""
    return last is not None and last.ended_at is None and seen.is_firing and seen.received_at > last.opened_at


def _firing(last: Span | None, seen: Seen) -> tuple[Made, Span]:
    if last is None:
        return Made.BEGAN, _new(seen)
    if last.ended_at is None:
        made = Made.CORRECTED if seen.starts_at < last.started_at else Made.REFIRED if seen.starts_at > last.last_starts_at else Made.SEEN
        return made, _seen_again(last, seen)
    if seen.starts_at in (last.started_at, last.last_starts_at) or seen.starts_at - last.ended_at < REOPENS_WITHIN:
        again = replace(
            _seen_again(last, seen),
            ended_at=None,
            ended_how="",
            ending_received_at=None,
            reopened_at=seen.received_at,
            reopened_after=last.ended_at,
            reopenings=last.reopenings + 1,
            was_firing=True,
        )
        return Made.REOPENED, again
    return Made.BEGAN, _new(seen)


def _resolved(last: Span | None, seen: Seen, ends_at: datetime) -> tuple[Made, Span]:
    def over(span: Span) -> Span:
        return replace(span, ended_at=ends_at, ended_how="at_source" if seen.asked else "resolved", ending_received_at=seen.received_at)

    closed = replace(over(_new(seen)), started_at=min(seen.starts_at, ends_at), was_firing=False)
    if last is None:
        return Made.CLOSED, closed
    if last.ended_at is None:
        began_before = ends_at > last.last_starts_at and (last.reopened_after is None or ends_at > last.reopened_after)
        return (Made.ENDED, over(last)) if began_before else (Made.OLD_NEWS, last)
    if ends_at <= last.ended_at:
        return Made.OLD_NEWS, last
    if seen.starts_at > last.ended_at:
        return Made.CLOSED, closed
    return Made.MOVED, replace(last, ended_at=ends_at)


def _new(seen: Seen) -> Span:
    return Span(started_at=seen.starts_at, last_starts_at=seen.starts_at, first_seen_at=seen.received_at, last_seen_at=seen.received_at)


def _seen_again(last: Span, seen: Seen) -> Span:
    return replace(
        last,
        started_at=min(last.started_at, seen.starts_at),
        last_starts_at=max(last.last_starts_at, seen.starts_at),
        last_seen_at=max(last.last_seen_at, seen.received_at),
    )
