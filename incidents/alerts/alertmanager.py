"""What a body of Alertmanager says: bytes in, reports and problem sentences out. Pure (alerts.md sections 1 and 2).

Nothing is demanded but a list of alerts with labels; whatever cannot be used is told in a sentence, and its neighbours go on.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

VALUE_LIMIT = 4096  # characters
NAME_LIMIT = 200  # characters
PAIRS_LIMIT = 64  # labels, and as many annotations
PROBLEMS_LIMIT = 50  # sentences kept of one body
DIGITS_LIMIT = 20
DRILL_LABEL = "standby_drill"
DEPTH_LIMIT = 20
FUTURE = timedelta(minutes=10)  # more than that is a wrong clock

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x01-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f]")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):?(\d\d))", re.ASCII)

_FNV_OFFSET, _FNV_PRIME, _64_BITS = 14695981039346656037, 1099511628211, 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class Report:
    """What one body says about one alert. Texts are clean; `fingerprint` is of the uncut labels."""

    position: int  # in the body's list, from 0
    fingerprint: str
    is_firing: bool
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None
    generator_url: str

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")[:NAME_LIMIT]


@dataclass(frozen=True, slots=True)
class Body:
    """A body, read. `understood` False: there was no list of alerts in it."""

    understood: bool
    reports: tuple[Report, ...] = ()
    problems: tuple[str, ...] = ()
    truncated: int = 0  # alerts that the source did not show
    external_url: str = ""


def parse(raw: bytes, *, received_at: datetime) -> Body:
    """Read a body. Never raises; times that cannot be read become `received_at`."""
    return read(decode(raw), received_at=received_at)


def decode(raw: bytes) -> Any:
    """The JSON value in it, or a `ValueError` as a value when it is none."""
    text = raw.decode("utf-8-sig", "replace")
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_int=_whole_number, parse_float=_number)
    except RecursionError:
        return ValueError("The body is nested too deeply.")
    except ValueError as error:
        return ValueError(f"The body is not JSON: {clean_line(str(error))[:200]}.")


def alerts_in(value: Any) -> int:
    """How many alerts a decoded body lists."""
    found = value.get("alerts") if isinstance(value, dict) else None
    return len(found) if isinstance(found, list) else 0


def read(value: Any, *, received_at: datetime) -> Body:
    """Reports and problems of a decoded body."""
    if isinstance(value, ValueError):
        return Body(understood=False, problems=(str(value),))
    if not isinstance(value, dict):
        return Body(understood=False, problems=("The body is not a JSON object.",))
    if not isinstance(value.get("alerts"), list):
        return Body(understood=False, problems=("“alerts” is not a list.",))
    problems: list[str] = []
    reports = [
        report
        for position, alert in enumerate(value["alerts"])
        if (report := _report(position, alert, received_at=received_at, tell=problems.append)) is not None
    ]
    return Body(
        understood=True,
        reports=tuple(reports),
        problems=_bounded(problems),
        truncated=_count(value.get("truncatedAlerts")),
        external_url=clean_line(_text(value.get("externalURL")))[:500],
    )


def fingerprint(labels: Iterable[tuple[str, str]]) -> str:
    """FNV-1a 64 over labels sorted by name, each `name 0xFF value 0xFF`, as 16 hex digits; the same as Alertmanager's."""
    state = _FNV_OFFSET
    for name, value in sorted(labels):
        for byte in b"%b\xff%b\xff" % (_utf8(name), _utf8(value)):
            state = (state ^ byte) * _FNV_PRIME & _64_BITS
    return f"{state:016x}"


def _utf8(text: str) -> bytes:
    """Lone surrogates become U+FFFD, as in Go."""
    return _SURROGATE.sub("\ufffd", text).encode()


def clean_line(text: str) -> str:
    """One line without NUL, lone surrogates and control characters. The length stays."""
    return _CONTROL.sub(" ", _SURROGATE.sub("\ufffd", text).replace("\x00", "\ufffd"))


def clean_text(text: str) -> str:
    """As `clean_line`, but line breaks (as LF) and tabs stay."""
    text = _SURROGATE.sub("\ufffd", text).replace("\x00", "\ufffd").replace("\r\n", "\n")
    return _CONTROL_BUT_LINES.sub(" ", text)


def moment(text: str) -> datetime | None:
    """An RFC 3339 time with any offset and fraction, in UTC, cut to microseconds; None if it is none. Year 1 means "not yet": None."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    day, clock, fraction, _, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        read = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:6]:0<6}").replace(tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return read if read.year > 1 else None


def _report(position: int, alert: Any, *, received_at: datetime, tell: Callable[[str], None]) -> Report | None:
    """One alert of the list, or None when it has no labels to be known by."""
    which = f"Alert {position + 1}"
    labels = alert.get("labels") if isinstance(alert, dict) else None
    if not isinstance(labels, dict) or not labels:
        tell(f"{which} has no labels and was left out.")
        return None
    identity = {name: _text(value) for name, value in labels.items()}
    is_posing = DRILL_LABEL in identity
    if is_posing:
        tell(f"{which} carries the label {DRILL_LABEL}, which only a running drill may; it was taken off.")
        del identity[DRILL_LABEL]
    ours, sent = fingerprint(identity.items()), alert.get("fingerprint")
    if sent and sent != ours and not is_posing:
        tell(f"{which} was sent with the fingerprint {clean_line(_text(sent))[:40]}; its labels give {ours}, which is kept.")
    status = alert.get("status")
    if status not in ("firing", "resolved"):
        tell(f"{which} has no status that is known and is taken as firing.")
    is_firing = status != "resolved"
    ends_at = None if is_firing else _when(alert, "endsAt", which, received_at, tell)
    return Report(
        position=position,
        fingerprint=ours,
        is_firing=is_firing,
        labels=_pairs(identity, f"labels of {which.lower()}", clean_line, tell),
        annotations=_pairs(alert.get("annotations"), f"annotations of {which.lower()}", clean_text, tell),
        starts_at=_when(alert, "startsAt", which, received_at, tell),
        ends_at=ends_at,
        generator_url=clean_line(_text(alert.get("generatorURL")))[:VALUE_LIMIT],
    )


def _when(alert: dict[str, Any], key: str, which: str, received_at: datetime, tell: Callable[[str], None]) -> datetime:
    """A time of an alert; `received_at` and a sentence if it cannot be used."""
    read = moment(_text(alert.get(key)))
    if read is None:
        tell(f"{which} has a {key} that is no time; the time of receipt is used.")
        return received_at
    if read > received_at + FUTURE:
        tell(f"{which} has a {key} more than 10 minutes in the future: check the clock of the source.")
    return read


def _pairs(found: Any, what: str, clean: Callable[[str], str], tell: Callable[[str], None]) -> dict[str, str]:
    """Clean names and values, at most 64; the rest is counted in a sentence."""
    if not isinstance(found, dict):
        return {}
    if len(found) > PAIRS_LIMIT:
        tell(f"The {what} are {len(found)}; {PAIRS_LIMIT} are shown, the rest stands in the raw body.")
    kept = sorted(found.items(), key=lambda pair: pair[0] != "alertname")[:PAIRS_LIMIT]
    return {_cut_name(clean_line(name)): _cut_value(clean(_text(value))) for name, value in kept}


def _cut_name(name: str) -> str:
    if len(name) <= NAME_LIMIT:
        return name
    return f"{name[: NAME_LIMIT - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"  # clean by now: it encodes


def _cut_value(value: str) -> str:
    if len(value) <= VALUE_LIMIT:
        return value
    return f"{value[:VALUE_LIMIT]}… cut, {len(value):,} characters"


def _text(value: Any) -> str:
    """A value of the body as text: strings as they are, null as nothing, others as their JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if _is_deeper_than(value, DEPTH_LIMIT):
        return "(nested too deeply)"
    return json.dumps(value, ensure_ascii=False)


def _is_deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for thing in level for inner in (thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ())]
        if not level:
            return False
    return True


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS_LIMIT else digits


def _number(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 < value < 2**31 else 0


def _bounded(problems: list[str]) -> tuple[str, ...]:
    if len(problems) <= PROBLEMS_LIMIT:
        return tuple(problems)
    return (*problems[:PROBLEMS_LIMIT], f"… and {len(problems) - PROBLEMS_LIMIT} more like these.")
