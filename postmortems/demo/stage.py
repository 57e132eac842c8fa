"""The stage of the demo: the people, the source of alerts, a clock that can be set, and a post office that delivers to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.test import Client

from incidents.alerts import sources
from incidents.models import Incident
from incidents.models.alert import Alert
from oncall import rota
from oncall.models import Membership, Rotation, Service, Team, Turn
from portal import clock, due, seeding, sending
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import DomainError
from portal.models import Hold
from postmortems.models import ActionItem, Postmortem

SOURCE = "demo"
PASSWORD = "standby demo"  # noqa: S105  (of people who do not exist, on a trial installation)
# name: (zone, role in the team, phone)
CAST = {
    "Mara Lindqvist": ("Europe/Berlin", "editor", "+49 30 5550 101"),
    "Tomas Okafor": ("Europe/London", "editor", "+44 20 5550 102"),
    "Priya Raman": ("America/New_York", "lead", "+1 212 555 0103"),
    "Ana Duarte": ("Europe/Lisbon", "lead", "+351 21 555 0104"),
    "Jonas Weber": ("Europe/Berlin", "editor", "+49 30 5550 105"),
    "Yuki Sato": ("Asia/Tokyo", "editor", "+81 3 5550 0106"),
}
ON_CALL = {"primary": ("Mara Lindqvist", "Tomas Okafor", "Yuki Sato"), "secondary": ("Tomas Okafor", "Jonas Weber", "Mara Lindqvist")}


class Stage:
    """`with Stage(now) as stage:` lays out the shipped content and the cast. While it is open no worker sends anything."""

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(microsecond=0)
        self.people: dict[str, User] = {}
        self._open = ExitStack()

    def __enter__(self) -> Stage:
        before, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.dummy.EmailBackend"
        self._open.callback(setattr, settings, "EMAIL_BACKEND", before)
        if sending.hold() is None:
            sending.switch_off("The demo is being played", at=self.now)
            self._open.callback(lambda: Hold.objects.all().delete())
        seeding.seed(self.now)
        team = Team.objects.filter(is_default=True).first()
        if team is None:
            raise DomainError("No team is the default team. Choose one under Admin, Teams.", code="no_team")
        self.team = team
        self._cast()
        self._source()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._open.close()

    def _cast(self) -> None:
        for name, (zone, role, phone) in CAST.items():
            address = f"{name.split()[0].lower()}@demo.invalid"
            person = User.objects.filter(email=address).first()
            if person is None:
                person = User.objects.create_user(address, PASSWORD, name=name, time_zone=zone, phone=phone, role=Role.RESPONDER)
            self.people[name.split()[0].lower()] = person
            Membership.objects.get_or_create(team=self.team, user=person, defaults={"role": role})
        monday = self.now.date() - timedelta(days=self.now.weekday() + 42)  # six weeks: Mara has this one
        for lane, names in ON_CALL.items():
            rotation, _ = Rotation.objects.get_or_create(
                team=self.team, lane=lane, defaults={"name": f"{self.team} {lane}", "time_zone": "Europe/Berlin", "begins_on": monday}
            )
            Rotation.objects.filter(pk=rotation.pk).update(begins_on=monday)  # it has to answer for the story's weeks too
            if not rotation.turns.filter(person__email__endswith="@demo.invalid").exists():
                rotation.turns.all().delete()
                for order, name in enumerate(names, start=1):
                    Turn.objects.create(rotation=rotation, person=self.people[name.split()[0].lower()], order=order)

    def _source(self) -> None:
        default = Service.objects.filter(slug="agent-api").first()
        _, self._token = sources.create(SOURCE, at=self.now - timedelta(days=29), default_service=default)

    # Time

    def day(self, ago: int, at: str) -> datetime:
        """`ago` days before now, at a wall-clock time in UTC; a Saturday or Sunday moves to the Friday before."""
        date = self.now.date() - timedelta(days=ago)
        date -= timedelta(days=max(date.weekday() - 4, 0))
        return datetime.combine(date, time.fromisoformat(at), tzinfo=UTC)

    @contextmanager
    def at(self, moment: datetime) -> Iterator[datetime]:
        """What is done inside happens at `moment`; afterwards whatever fell due until then is worked."""
        with clock.standing(moment):
            yield moment
            self.work()

    def work(self) -> None:
        """Work what is due at the clock's moment: pages, escalations, notices. The hold stops every other worker, not us."""
        for pool in ("paging", "ingest", "work"):
            while rows := due.claim(pool, clock.now()):
                for row in rows:
                    due.work(row)

    def on_call(self, at: datetime) -> User:
        """Who has the primary's shift: the one whom the page reaches."""
        seat = rota.responder(self.team, "primary", at)
        if seat is None or seat.person is None:
            raise DomainError("Nobody is on call in the demo's team.", code="demo_broken")
        return seat.person

    # Alerts, through the door that Alertmanager uses

    def fire(
        self, alertname: str, moment: datetime, *, summary: str, severity: str = "critical", service: str = "agent-api", **labels: str
    ) -> Incident:
        """Alertmanager tells that it fires since `moment`; the incident that came of it."""
        with self.at(moment + timedelta(seconds=20)):
            self._post("firing", alertname, moment, None, summary, severity, service, labels)
        return self._incident(alertname)

    def end(
        self, alertname: str, began: datetime, moment: datetime, *, severity: str = "critical", service: str = "agent-api", **labels: str
    ) -> None:
        """Alertmanager tells that it is over."""
        with self.at(moment + timedelta(seconds=20)):
            self._post("resolved", alertname, began, moment, "", severity, service, labels)

    def _post(
        self, status: str, alertname: str, began: datetime, ended: datetime | None, summary: str, severity: str, service: str, labels: dict[str, str]
    ) -> None:
        known = {"alertname": alertname, "severity": severity, "service": service, "cluster": "eu-1", **labels}
        alert = {
            "status": status,
            "labels": known,
            "annotations": {"summary": summary, "runbook_url": f"{settings.BASE_URL}/r/{alertname}"},
            "startsAt": began.isoformat(),
            "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
        }
        body: dict[str, Any] = {
            "version": "4",
            "receiver": "standby",
            "status": status,
            "groupKey": f'{{}}:{{alertname="{alertname}"}}',
            "externalURL": "http://alertmanager:9093",
            "truncatedAlerts": 0,
            "groupLabels": {"alertname": alertname},
            "commonLabels": known,
            "commonAnnotations": alert["annotations"],
            "alerts": [alert],
        }
        answer = Client(SERVER_NAME="127.0.0.1").post(
            f"/hooks/alertmanager/{SOURCE}/",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self._token}", "User-Agent": "Alertmanager/0.28.1"},
            secure=True,
        )
        if answer.status_code != 200:
            raise DomainError(f"The receiver answered {answer.status_code} to the demo.", code="demo_broken")

    def _incident(self, alertname: str) -> Incident:
        alert = Alert.objects.filter(source__name=SOURCE, name=alertname).latest("last_seen_at")
        found = Incident.objects.filter(episodes__alert=alert).order_by("-pk").first()
        if found is None:
            raise DomainError(f"{alertname} opened no incident.", code="demo_broken")
        return found

    def counted(self) -> dict[str, int]:
        return {
            "incidents": Incident.objects.count(),
            "postmortems": Postmortem.objects.count(),
            "action items": ActionItem.objects.count(),
            "alerts": Alert.objects.count(),
        }
