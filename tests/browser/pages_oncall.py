"""Pages of on call, of contact methods and of links that need no sign-in."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents import links
from incidents.models import Incident
from oncall.models import Handoff, Layer, Membership, Rotation, Service, Swap, Team, Turn
from portal import clock
from portal.accounts.roles import Role
from portal.notify import methods, outbox
from portal.notify.contact import ContactMethod
from portal.notify.models import Attempt
from tests.browser.pages import Page, at
from tests.conftest import person


def crew(reader) -> Rotation:
    """A team of two with a rotation, a layer for the nights, a service and a contact method each."""
    now = clock.now()
    team = Team.objects.create(name="Night crew", slug="night-crew", is_default=not Team.objects.filter(is_default=True).exists())
    tomas = person("Tomas", Role.LEAD)
    rotation = Rotation.objects.create(team=team, name="Night crew primary", begins_on=(now - timedelta(days=30)).date(), time_zone="Europe/Berlin")
    for order, one in enumerate((reader, tomas), start=1):
        Membership.objects.create(team=team, user=one, role="lead")
        Turn.objects.create(rotation=rotation, person=one, order=order)
        ContactMethod.objects.create(owner=one, kind="email", address=one.email, label="phone", created_at=now, verified_at=now, proven_at=now)
    Layer.objects.create(rotation=rotation, name="Nights", begins_on=now.date())
    Service.objects.create(name="runner", slug="runner", team=team)
    return rotation


def of_rotation(name: str):
    return lambda reader: reverse(name, args=[crew(reader).pk])


def listed(name: str):
    """A page that shows what the crew has."""
    return lambda reader: (crew(reader), reverse(name))[1]


def layer(reader) -> str:
    rotation = crew(reader)
    return reverse("layer-edit", args=[rotation.pk, rotation.layers.get().pk])


def service(reader) -> str:
    crew(reader)
    return reverse("service-oncall", args=["runner"])


def swap(reader) -> str:
    rotation, now = crew(reader), clock.now()
    giver, soon = rotation.turns.get(order=2).person, now + timedelta(days=1)
    offered = Swap.objects.create(rotation=rotation, giver=giver, taker=reader, starts_at=soon, ends_at=soon + timedelta(hours=8), offered_at=now)
    return reverse("swap-detail", args=[offered.pk])


def handoff(reader) -> str:
    rotation, now = crew(reader), clock.now()
    Incident.objects.create(title="Queue grows", severity=2, service=Service.objects.get(), opened_at=now)
    common = {"outgoing": reader, "incoming": rotation.turns.get(order=2).person, "at": now + timedelta(hours=2), "since": now - timedelta(days=7)}
    return reverse("handoff-detail", args=[Handoff.objects.create(rotation=rotation, opened_at=now, **common).pk])


def told(reader) -> None:
    now = clock.now()
    outbox.not_sent(reader, subject="SEV3 Slow answers", reason="Quiet hours hold until 07:00", dedup_key="quiet", at=now)
    outbox.queue(reader, channel="email", purpose="page", subject="SEV1 Agents down", body="Look.", dedup_key="page", at=now)
    message = outbox.queue(reader, channel="email", purpose="notice", subject="An update", body="It grows.", dedup_key="notice", at=now)
    Attempt.objects.create(message=message, number=1, started_at=now, ended_at=now, outcome="failed", code="451", text="The mail server was busy")


def messages(reader) -> str:
    told(reader)
    return reverse("message-log")


def messages_of(reader) -> str:
    told(other := person("Nia"))
    return reverse("message-log-of", args=[other.pk])


def test_link(reader) -> str:
    mara, now = reader or person("Mara"), clock.now()
    method = ContactMethod.objects.create(owner=mara, kind="email", address="mara@phone.example", label="phone", created_at=now)
    return reverse("test-page", args=[methods._token(mara, method)])


def acknowledge_link(reader) -> str:
    incident = Incident.objects.create(title="Agents down", severity=1, opened_at=clock.now())
    return reverse("acknowledge-by-link", args=[links.acknowledge_url(incident, reader or person("Mara"), None).rstrip("/").rpartition("/")[2]])


PAGES = [
    Page("my-shifts", listed("my-shifts")),
    Page("my-shifts-none", at("my-shifts")),
    Page("paging", listed("paging")),
    Page("service-oncall", service),
    Page("rotation-new", listed("rotation-new")),
    Page("rotation-detail", of_rotation("rotation-detail")),
    Page("rotation-edit", of_rotation("rotation-edit")),
    Page("layer-new", of_rotation("layer-new")),
    Page("layer-edit", layer),
    Page("swap-detail", swap),
    Page("handoff-detail", handoff),
    Page("message-log", messages),
    Page("message-log-of", messages_of),
    Page("test-page", test_link, role=None),
    Page("acknowledge-by-link", acknowledge_link, role=None),
]
