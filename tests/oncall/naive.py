"""The naive model of a schedule: minute by minute, from what the wall clock shows. Slow, and too simple to be wrong.

Its one idea: a wall clock that never goes back. Something set for 02:30 happens when that clock has reached 02:30: the first time
where the hour comes twice, and at the first moment after the gap where 02:30 does not exist.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=64)
def shown(zone, start, minutes):
    """What the never-going-back clock on the wall of `zone` shows at each minute from `start` on."""
    found, latest = [], datetime.min
    for minute in range(minutes):
        latest = max(latest, (start + minute * MINUTE).astimezone(zone).replace(tzinfo=None))
        found.append(latest)
    return found


def turn(rule, start, minutes):
    """Whose turn it is at each minute of the rule, None where it covers nothing. The rule begins after `start`."""
    clock = shown(rule.zone, start, minutes)
    handoff = datetime.combine(rule.begins_on, rule.handoff)
    end = datetime.combine(rule.ends_on, rule.handoff) if rule.ends_on else datetime.max
    number, found = -1, []
    for reading in clock:
        while reading >= handoff:
            number += 1
            handoff += timedelta(hours=rule.hours[number % len(rule.hours)])
        covered = number >= 0 and rule.people and reading < end and is_open(rule, reading)
        found.append(rule.people[number % len(rule.people)] if covered else None)
    return found


def is_open(rule, reading):
    """A window has begun, on that day or the day before, and has not ended."""
    if not rule.windows:
        return True
    for window in rule.windows:
        for day in (reading.date(), reading.date() - timedelta(days=1)):
            if day.weekday() in window.days:
                starts = datetime.combine(day, window.starts)
                ends = datetime.combine(day if window.ends > window.starts else day + timedelta(days=1), window.ends)
                if starts <= reading < ends:
                    return True
    return False


def answer(layers, written, start, minutes):
    """The set of people who answer at each minute. layers: (priority, pk, rule)."""
    ordered = sorted(layers, key=lambda layer: layer[:2], reverse=True)
    turns = [turn(rule, start, minutes) for _, _, rule in ordered]
    in_order = sorted(written, key=lambda override: override.pk)
    found = []
    for minute in range(minutes):
        at = start + minute * MINUTE
        candidates = [row[minute] for row in turns if row[minute] is not None]
        answering, away, instead = set(), set(), None
        for override in in_order:
            if not override.starts_at <= at < override.ends_at:
                continue
            if override.kind == "replace":
                instead, answering, away = override.person, set(), set()
            elif override.kind == "add":
                answering.add(override.person)
                away.discard(override.person)
            else:
                away.add(override.person)
                answering.discard(override.person)
                if instead == override.person:
                    instead = None
        if instead is not None:
            answering.add(instead)
        else:
            left = [person for person in candidates if person not in away]
            answering |= {left[0]} if left else set()
        found.append(frozenset(answering))
    return found


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)
