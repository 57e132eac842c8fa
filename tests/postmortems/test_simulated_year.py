"""A year of chasing against a naive model: every item reminded exactly once a rung, one digest a person a day, nothing to who has left.

200 incidents and 600 items, people in five zones on leave and leaving, both clock changes, two beats at every look, looks that never
happened and workers killed in the middle. The model keeps no rows: at every look it works everything out anew from what happened.
"""

from __future__ import annotations

import os
import random
import signal
import time as clock_time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from django.db import connection, connections

from incidents.models import Incident
from oncall.models import Membership, Service, Team
from oncall.models.absence import Absence, Calendar
from portal.notify.models import Message
from postmortems import action_items, leaving, reminders, writing
from postmortems.models import ActionItem, Reminder
from tests.conftest import person

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
START, DAYS, LOOKS = datetime(2025, 1, 1, 0, 20, tzinfo=UTC), 365, 4  # looks a day
PEOPLE = [
    ("Ana", "Europe/Berlin", "DE"), ("Ben", "America/New_York", "US"), ("Cleo", "Asia/Tokyo", "JP"), ("Dan", "Pacific/Auckland", "NZ"),
    ("Eve", "UTC", ""), ("Finn", "Europe/Berlin", ""), ("Gus", "America/New_York", ""), ("Hana", "Asia/Tokyo", ""),
]  # fmt: skip
LEADS = {"Crew": "Eve", "Core": "Ana"}
LEAVERS = {"Gus": 150, "Hana": 240}  # day of the year


@dataclass
class Chased:
    """What the model knows of one item: its present date, owner and question, and what was told."""

    team: str
    owner: str
    due: date
    dated: datetime
    asks: str = "do"
    told: set = field(default_factory=set)  # rungs of the present (asks, due)
    gone: dict = field(default_factory=dict)  # rungs of earlier ones


class Model:
    """The naive one."""

    def __init__(self, away):
        self.items: dict[int, Chased] = {}
        self.waiting: dict[str, dict[int, tuple]] = defaultdict(dict)  # person → item → (asks, rung)
        self.digests: dict[str, date] = {}
        self.ledger: list[tuple] = []
        self.left: set[str] = set()
        self.away = away
        self.days_off: dict[tuple[str, date], bool] = {}
        self.zones = {name: ZoneInfo(zone) for name, zone, _ in PEOPLE}
        self.closed = {name: holidays.country_holidays(country, years=range(2024, 2028)) if country else {} for name, _, country in PEOPLE}

    def off(self, name: str, day: date) -> bool:
        if (name, day) not in self.days_off:
            begins, ends = (datetime.combine(day, time(hour), tzinfo=self.zones[name]) for hour in (9, 17))
            on_leave = any(start <= begins and ends <= end for start, end in self.away.get(name, ()))
            self.days_off[name, day] = day.weekday() > 4 or day in self.closed[name] or on_leave
        return self.days_off[name, day]

    def moment(self, item: Chased, rung: int) -> datetime:
        day, back = item.due + timedelta(days=rung), rung <= 0
        while self.off(item.owner, day):
            day += timedelta(days=-1 if back else 1)
        return datetime.combine(day, time(9), tzinfo=self.zones[item.owner]).astimezone(UTC)

    def look(self, now: datetime) -> None:
        for name in self.left:
            for number, item in sorted(self.items.items()):
                if item.owner == name:
                    item.owner = LEADS[item.team]
                    self.forget(number)
                    self.waiting[item.owner][number, "own"] = 0
        for number, item in sorted(self.items.items()):
            rungs = [*([-7, -2] if item.asks == "do" else []), 0, 3, 7, *range(14, 800, 7)]
            ripe = []
            for rung in rungs:
                moment = self.moment(item, rung)
                if moment > now:
                    break
                if rung not in item.told and (rung >= 0 or moment > item.dated):
                    ripe.append(rung)
            if ripe:
                item.told |= set(ripe)
                self.waiting[item.owner][number, item.asks] = ripe[-1]
                if ripe[-1] >= 7 or item.asks == "verify":
                    lead = LEADS[item.team]
                    if lead != item.owner:
                        self.waiting[lead][number, item.asks] = ripe[-1]
        for name in sorted(self.waiting):
            here = now.astimezone(self.zones[name])
            if self.waiting[name] and here.time() >= time(9) and not self.off(name, here.date()) and self.digests.get(name) != here.date():
                self.digests[name] = here.date()
                self.ledger += [(name, here.date(), asks, number, rung) for (number, asks), rung in self.waiting[name].items()]
                self.waiting[name] = {}

    def forget(self, number: int) -> None:
        """What waits for anybody about this item is no longer told."""
        for lines in self.waiting.values():
            for key in [key for key in lines if key[0] == number]:
                del lines[key]

    def redate(self, number: int, due: date, dated: datetime, asks: str) -> None:
        item = self.items[number]
        item.gone[item.asks, item.due] = item.told
        self.forget(number)
        item.due, item.dated, item.asks = due, dated, asks
        item.told = item.gone.get((asks, due), set())

    def finish(self, number: int) -> None:
        self.forget(number)
        del self.items[number]


class Year:
    """What happens, to both: people act through the product's own verbs."""

    def __init__(self):
        self.chance = random.Random(9)  # noqa: S311
        self.people = {name: person(name, time_zone=zone) for name, zone, _ in PEOPLE}
        away = defaultdict(list)
        for name, _, country in PEOPLE:
            if country:
                Calendar.objects.create(person=self.people[name], country=country)
            for _ in range(3):
                begin = START + timedelta(days=self.chance.randrange(0, DAYS), hours=self.chance.randrange(24))
                away[name].append((begin, begin + timedelta(days=self.chance.randrange(2, 15))))
                Absence.objects.create(person=self.people[name], starts_at=away[name][-1][0], ends_at=away[name][-1][1])
        self.teams = {}
        for name, lead in LEADS.items():
            self.teams[name] = Team.objects.create(name=name, slug=name.lower(), is_default=name == "Crew")
            Membership.objects.create(team=self.teams[name], user=self.people[lead], role="lead")
        self.services = [Service.objects.create(name=name, slug=name.lower(), team=team) for name, team in self.teams.items()]
        self.model = Model(away)
        self.postmortems = []

    def act(self, now: datetime, day: int) -> None:
        for name, leaves in LEAVERS.items():
            if day >= leaves and name not in self.model.left:
                self.model.left.add(name)
                self.people[name].is_active = False
                self.people[name].save()
        if len(self.postmortems) < 200:
            self.resolve(now)
        for _ in range(2 if day % 3 else 1):
            if ActionItem.objects.count() < 600:
                self.open(now)
        for number in self.chance.sample(sorted(self.model.items), min(2, len(self.model.items))):
            self.change(number, now)

    def resolve(self, now: datetime) -> None:
        service = self.chance.choice(self.services)
        incident = Incident.objects.create(
            title="Slow", severity=self.chance.choice([3, 4]), service=service, opened_at=now - timedelta(hours=1), status="resolved", resolved_at=now
        )
        postmortem = writing.start(incident.pk, by=self.people["Eve"], at=now)
        type(postmortem).objects.filter(pk=postmortem.pk).update(status="waived", waived_because="chased in a test of its own")
        self.postmortems.append(postmortem)

    def open(self, now: datetime) -> None:
        owner = self.chance.choice([name for name in self.people if name not in self.model.left])
        team, due = self.chance.choice(sorted(LEADS)), (now + timedelta(days=self.chance.randrange(-2, 60))).date()
        item = action_items.add(
            title="Improve", owner=self.people[owner], team=self.teams[team], due_on=due, at=now, postmortem=self.chance.choice(self.postmortems)
        )
        self.model.items[item.pk] = Chased(team, owner, due, now)

    def change(self, number: int, now: datetime) -> None:
        found, lot, by = self.model.items[number], self.chance.random(), self.people["Eve"]
        if found.asks == "verify":
            if lot < 0.5:
                action_items.verify(number, by=by, at=now)
                self.model.finish(number)
        elif lot < 0.4:
            done = action_items.finish(number, "seen", by=by, at=now)
            self.model.redate(number, done.verify_by, found.dated, "verify")
        elif lot < 0.6:
            due = (now + timedelta(days=self.chance.randrange(3, 40))).date()
            action_items.postpone(number, due, "waits for the vendor", by=by, at=now)
            self.model.redate(number, due, now, "do")
        elif lot < 0.7:
            action_items.decline(number, "replaced by a rewrite", by=by, at=now)
            self.model.finish(number)
        elif lot < 0.8:
            to = self.chance.choice([name for name in self.people if name not in self.model.left])
            if to != found.owner:
                leaving.give(number, self.people[to], by=by, at=now)
                found.owner = to
                self.model.forget(number)
                self.model.waiting[to][number, "own"] = 0


def killed(now: datetime, after: float) -> bool:
    """A worker of its own process looks at `now` and is killed after that many seconds; whether it was still at it."""
    connections.close_all()
    child = os.fork()
    if not child:
        try:
            reminders.remind(now)
        finally:
            os._exit(0)
    clock_time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] != 0


def told() -> list[tuple]:
    """The ledger as the product kept it."""
    lines = Reminder.objects.exclude(message=None).select_related("person", "message", "item")
    last: dict[tuple, tuple] = {}
    for line in lines.order_by("due_on", "rung", "pk"):
        day = date.fromisoformat(line.message.dedup_key.rpartition(":")[2])
        last[line.person.name, day, line.asks, line.item_id] = (line.person.name, day, line.asks, line.item_id, line.rung)
    return list(last.values())


def test_a_year_of_reminders_is_the_naive_models_ledger(capsys):
    year, cut_off, looks = Year(), 0, 0
    for number in range(DAYS * LOOKS):
        now = START + timedelta(hours=24 / LOOKS * number)
        if number % LOOKS == 1:
            year.act(now, number // LOOKS)
        if year.chance.random() < 0.03:
            continue  # nobody looked: the next look makes up for it
        looks += 1
        if number % 29 == 5:
            cut_off += killed(now, year.chance.uniform(0.002, 0.04))
        reminders.remind(now)
        reminders.remind(now)  # the other beat
        year.model.look(now)

    kept, expected = Counter(told()), Counter(year.model.ledger)
    messages = Message.objects.filter(purpose="reminder").select_related("recipient")
    days = Counter((message.recipient_id, message.dedup_key) for message in messages)
    gone_at = {name: START + timedelta(days=leaves, hours=24 / LOOKS) for name, leaves in LEAVERS.items()}
    with capsys.disabled():
        print(
            f"\n{len(year.postmortems)} incidents, {ActionItem.objects.count()} items, {looks} looks by two beats, {cut_off} workers killed at it, on"
            f" {connection.vendor}: {sum(kept.values())} lines in {messages.count()} digests; the model has {sum(expected.values())}."
            f" Only in the product: {len(kept - expected)}, only in the model: {len(expected - kept)}."
        )

    assert (len(year.postmortems), ActionItem.objects.count()) == (200, 600)
    assert kept - expected == Counter() and expected - kept == Counter()
    assert max(days.values()) == 1
    assert not [message for message in messages if message.created_at >= gone_at.get(message.recipient.name, message.created_at + timedelta(1))]
    rungs = Reminder.objects.filter(as_lead=False).exclude(asks="own").values_list("item", "asks", "rung", "due_on")
    assert len(rungs) == len(set(rungs))
