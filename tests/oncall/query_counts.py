"""Pages of on call whose queries are counted."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents.models import Incident
from oncall.models import Absence, Handoff, Layer, Membership, Override, Rotation, Service, Team, Turn
from portal import clock
from portal.notify.contact import ContactMethod
from tests.conftest import person
from tests.query_counting import Counted


def rotations(reader, number):
    """Each a team with one rotation, of one person who has a contact method; overrides, layers and absences on the first."""
    now = clock.now()
    for count in range(number):
        team, created = Team.objects.get_or_create(slug=f"t{number}x{count}", defaults={"name": f"T{number}x{count}"})
        Membership.objects.create(team=team, user=reader, role="lead")
        rotation = Rotation.objects.create(team=team, name=f"R{number}x{count}", begins_on=(now - timedelta(days=30)).date())
        one = person(f"Q{number}x{count}")
        Turn.objects.create(rotation=rotation, person=one)
        ContactMethod.objects.create(owner=one, kind="email", created_at=now)
        first = Rotation.objects.order_by("pk").first()
        shared, _ = Rotation.objects.get_or_create(name="Shared", defaults={"team": team, "lane": "secondary", "begins_on": now.date()})
        Turn.objects.create(rotation=shared, person=first.turns.first().person)  # somebody on two rotations, from the first row on
        Layer.objects.create(rotation=first, name=f"L{count}", begins_on=now.date())
        Override.objects.create(rotation=first, person=one, starts_at=now + timedelta(days=count), ends_at=now + timedelta(days=count + 1))
        Absence.objects.create(person=reader, starts_at=now, ends_at=now + timedelta(days=count + 1))
        Service.objects.create(name=f"s{number}x{count}", slug=f"s{number}x{count}", team=Team.objects.order_by("pk").first())


def handed_over(reader, number):
    """A hand-off of a rotation whose team has many open incidents."""
    now, fresh = clock.now(), not Handoff.objects.exists()
    rotations(reader, number)
    rotation = Rotation.objects.order_by("pk").first()
    service = Service.objects.filter(team=rotation.team).order_by("pk").first()
    if fresh:
        common = {"outgoing": reader, "incoming": rotation.turns.first().person, "at": now + timedelta(hours=2), "since": now - timedelta(days=7)}
        Handoff.objects.create(rotation=rotation, opened_at=now, **common)
    for count in range(number):
        Incident.objects.create(title=f"Slow {count}", severity=2, opened_at=now, service=service)


def first(name):
    return lambda reader: reverse(name, args=[Rotation.objects.order_by("pk").first().pk])


def layer(reader):
    found = Layer.objects.order_by("pk").first()
    return reverse("layer-edit", args=[found.rotation_id, found.pk])


PAGES = [
    Counted("oncall", lambda reader: "/oncall/", rotations),
    Counted("my-shifts", lambda reader: "/oncall/mine/", rotations),
    Counted("rotation-detail", first("rotation-detail"), rotations),
    Counted("rotation-edit", first("rotation-edit"), rotations),
    Counted("rotation-new", lambda reader: reverse("rotation-new"), rotations),
    Counted("layer-new", first("layer-new"), rotations),
    Counted("layer-edit", layer, rotations),
    Counted("handoff-detail", lambda reader: reverse("handoff-detail", args=[Handoff.objects.get().pk]), handed_over),
    Counted("paging", lambda reader: "/paging/", rotations),
    Counted("service-oncall", lambda reader: f"/services/{Service.objects.order_by('pk').first().slug}/oncall/", rotations),
]
