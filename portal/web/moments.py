"""How moments and durations read: relative with UTC while fresh, the date later, always with the exact time in reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds


def duration(length: timedelta | float) -> str:
    """`2m 10s` under 10 min, `34 min` under an hour, `1 h 48 min`, from two days on `9 days`. Negative lengths lose their sign."""
    seconds = abs(int(length.total_seconds() if isinstance(length, timedelta) else length))
    if seconds < MINUTE:
        return f"{seconds}s"
    if seconds < 10 * MINUTE:
        return f"{seconds // MINUTE}m {seconds % MINUTE}s" if seconds % MINUTE else f"{seconds // MINUTE} min"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < 2 * DAY:
        minutes = seconds % HOUR // MINUTE
        return f"{seconds // HOUR} h {minutes} min" if minutes else f"{seconds // HOUR} h"
    return f"{seconds // DAY} days"


def relative(moment: datetime, now: datetime) -> str:
    """`3 min ago`, `in 2 h 10 min`, `just now` within 10 s. Under 10 min in whole minutes from the second minute on."""
    seconds = int((now - moment).total_seconds())
    if abs(seconds) < 10:
        return "just now"
    rounded = seconds if abs(seconds) < 2 * MINUTE else int(seconds / MINUTE) * MINUTE
    words = duration(rounded) if abs(seconds) >= 2 * MINUTE else ("1 min" if abs(seconds) >= MINUTE else f"{abs(seconds)} s")
    return f"{words} ago" if seconds > 0 else f"in {words}"


def exact(moment: datetime, zone: tzinfo) -> str:
    """`2026-11-24 02:11:09 UTC · 03:11 Europe/Berlin`; the second half only outside UTC, with its date when that differs."""
    utc, local = moment.astimezone(UTC), moment.astimezone(zone)
    text = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if str(zone) == "UTC":
        return text
    return f"{text} · {local:%H:%M} {zone}" if local.date() == utc.date() else f"{text} · {local:%d %b %H:%M} {zone}"


def date(moment: datetime, now: datetime) -> str:
    """`21 Nov`, with the year when it is another one."""
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"


def stamp(moment: datetime, now: datetime) -> str:
    """In UTC: `02:11` on the same day, else `21 Nov 14:02`."""
    utc, today = moment.astimezone(UTC), now.astimezone(UTC)
    return f"{utc:%H:%M}" if utc.date() == today.date() else f"{date(utc, today)} {utc:%H:%M}"


def running(seconds: int) -> str:
    """`4:12`, `1:04:12`."""
    hours, rest = divmod(abs(seconds), HOUR)
    return f"{hours}:{rest // MINUTE:02}:{rest % MINUTE:02}" if hours else f"{rest // MINUTE}:{rest % MINUTE:02}"
