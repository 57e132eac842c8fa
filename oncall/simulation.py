"""Twelve months ahead, before anything is saved: holes, double bookings, clock changes, holidays, absences, and what each person carries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from oncall import holidays, schedule
from oncall.models import Absence, AcceptedGap, Calendar, Rotation
from oncall.rota import Loaded, load
from oncall.schedule import Answer
from portal.accounts.models import User

AHEAD = timedelta(days=365)
DAY = timedelta(days=1)
NIGHT_FROM, NIGHT_TO = time(22), time(7)  # wall clock of the person
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody answers. `reason` and `accepted` where a lead said that this is right."""

    starts_at: datetime
    ends_at: datetime
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Double:
    """One person answers in two rotations at once."""

    person: User
    starts_at: datetime
    ends_at: datetime
    other: Rotation


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A shift over a change of the clock: `hours` it lasts, where the wall clock counts `usual`."""

    person: User
    starts_at: datetime
    ends_at: datetime
    hours: float
    usual: float


@dataclass(frozen=True, slots=True)
class Away:
    """On call while absent."""

    person: User
    starts_at: datetime
    ends_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Holiday:
    person: User
    day: date
    name: str


@dataclass(slots=True)
class Carried:
    """What one person carries in the time. hours: in all; nights and weekend days: those touched, in their own zone."""

    person: User
    hours: float = 0.0
    nights: int = 0
    weekend_days: int = 0
    shifts: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What twelve months of a rotation hold; `carried` stands in the rotation's order, never ranked."""

    starts_at: datetime
    ends_at: datetime
    spans: Sequence[tuple[Sequence[User], datetime, datetime]]
    gaps: Sequence[Gap]
    doubles: Sequence[Double]
    clock_changes: Sequence[ClockChange]
    away: Sequence[Away]
    holidays: Sequence[Holiday]
    carried: Sequence[Carried]
    months: Sequence[tuple[date, Sequence[tuple[User | None, int]]]] = field(default=())

    @property
    def open_gaps(self) -> list[Gap]:
        """Those that nobody accepted."""
        return [gap for gap in self.gaps if not gap.accepted]


def simulate(proposed: Loaded, now: datetime) -> Report:
    """Twelve months of a rotation as it would be, from the next full minute or its beginning. About 10 queries."""
    begins = [layer.rule.begins_at for layer in proposed.plan.layers if layer.rule.people]
    start = max([now.replace(second=0, microsecond=0), *([min(begins)] if begins else [])])
    end = start + AHEAD
    answers = schedule.answers(proposed.plan, start, end)
    people = User.objects.in_bulk({person for answer in answers for person in answer.people})
    spans = [([people[pk] for pk in answer.people], answer.starts_at, answer.ends_at) for answer in answers]
    return Report(
        start,
        end,
        spans,
        _gaps(proposed.rotation, answers),
        _doubles(proposed.rotation, answers, people, start, end),
        _clock_changes(proposed.rotation.zone, answers, people),
        _away(answers, people, start, end),
        _holidays(spans, people),
        _carried(spans, proposed),
        _months(spans, start),
    )


def _gaps(rotation: Rotation, answers: Sequence[Answer]) -> list[Gap]:
    accepted = list(AcceptedGap.objects.filter(rotation=rotation.pk)) if rotation.pk else []
    holes = [answer for answer in answers if not answer.people]
    return [Gap(hole.starts_at, hole.ends_at, _accepted(hole, accepted)) for hole in holes]


def _accepted(hole: Answer, accepted: Iterable[AcceptedGap]) -> str:
    for one in accepted:
        if one.starts_at <= hole.starts_at and (one.ends_at is None or one.ends_at >= hole.ends_at):
            return one.reason
    return ""


def _doubles(rotation: Rotation, answers: Sequence[Answer], people: dict[int, User], start: datetime, end: datetime) -> list[Double]:
    """Only with lanes that page: a shadow is nobody's second shift."""
    if rotation.lane == Rotation.Lane.SHADOW:
        return []
    others = load(start, end, Rotation.objects.exclude(pk=rotation.pk).exclude(lane=Rotation.Lane.SHADOW).filter(turns__person__in=people).distinct())
    found = []
    for other in others:
        for theirs in schedule.answers(other.plan, start, end):
            for mine in answers:
                both = set(mine.people) & set(theirs.people)
                opens, closes = max(mine.starts_at, theirs.starts_at), min(mine.ends_at, theirs.ends_at)
                found += [Double(people[person], opens, closes, other.rotation) for person in both if opens < closes]
    return sorted(found, key=lambda double: double.starts_at)


def _clock_changes(zone: ZoneInfo, answers: Sequence[Answer], people: dict[int, User]) -> list[ClockChange]:
    found = []
    for answer in answers:
        opens, closes = answer.starts_at.astimezone(zone), answer.ends_at.astimezone(zone)
        if answer.people and opens.utcoffset() != closes.utcoffset():
            hours = (answer.ends_at - answer.starts_at) / timedelta(hours=1)
            usual = (closes.replace(tzinfo=None) - opens.replace(tzinfo=None)) / timedelta(hours=1)
            found.append(ClockChange(people[answer.people[0]], answer.starts_at, answer.ends_at, hours, usual))
    return found


def _away(answers: Sequence[Answer], people: dict[int, User], start: datetime, end: datetime) -> list[Away]:
    found = []
    for absence in Absence.objects.filter(person__in=people, starts_at__lt=end, ends_at__gt=start):
        for answer in answers:
            opens, closes = max(answer.starts_at, absence.starts_at), min(answer.ends_at, absence.ends_at)
            if absence.person_id in answer.people and opens < closes:
                found.append(Away(people[absence.person_id], opens, closes, absence.note))
    return found


def _holidays(spans: Sequence[tuple[Sequence[User], datetime, datetime]], people: dict[int, User]) -> list[Holiday]:
    countries = dict(Calendar.objects.filter(person__in=people).exclude(country="").values_list("person_id", "country"))
    found = {
        (day, person.pk): Holiday(person, day, name)
        for answering, opens, closes in spans
        for person in answering
        if person.pk in countries
        for day in days(opens, closes, person.zone)
        if (name := holidays.on(countries[person.pk], day))
    }
    return [found[key] for key in sorted(found)]


def days(opens: datetime, closes: datetime, zone: ZoneInfo) -> list[date]:
    """The calendar days of `zone` that [opens, closes) touches."""
    first, last = opens.astimezone(zone).date(), (closes - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + n * DAY for n in range((last - first).days + 1)]


def nights(opens: datetime, closes: datetime, zone: ZoneInfo) -> int:
    """How many nights (22:00 to 07:00 of `zone`) it touches."""
    first, last = (opens.astimezone(zone) - DAY).date(), closes.astimezone(zone).date()
    found = 0
    for n in range((last - first).days + 1):
        evening = first + n * DAY
        begins = datetime.combine(evening, NIGHT_FROM, tzinfo=zone).astimezone(UTC)
        ends = datetime.combine(evening + DAY, NIGHT_TO, tzinfo=zone).astimezone(UTC)
        found += begins < closes and ends > opens
    return found


def _carried(spans: Sequence[tuple[Sequence[User], datetime, datetime]], proposed: Loaded) -> list[Carried]:
    found: dict[int, Carried] = {}
    for answering, opens, closes in spans:
        for person in answering:
            mine = found.setdefault(person.pk, Carried(person))
            mine.hours += (closes - opens) / timedelta(hours=1)
            mine.nights += nights(opens, closes, person.zone)
            mine.weekend_days += sum(day.weekday() >= SATURDAY for day in days(opens, closes, person.zone))
            mine.shifts += 1
    order = {person: place for layer in reversed(proposed.plan.layers) for place, person in enumerate(layer.rule.people)}
    return sorted(found.values(), key=lambda one: (order.get(one.person.pk, len(order)), one.person.pk))


def _months(spans: Sequence[tuple[Sequence[User], datetime, datetime]], start: datetime) -> list[tuple[date, list[tuple[User | None, int]]]]:
    """By month: who answers in it, in order of time, None for a hole; at most eight names a month."""
    by_month: dict[date, list[tuple[User | None, int]]] = defaultdict(list)
    for answering, opens, _ in spans:
        month = opens.date().replace(day=1)
        if len(by_month[month]) < 8:
            by_month[month].append((answering[0] if answering else None, opens.day))
    return sorted(by_month.items())[:13]
