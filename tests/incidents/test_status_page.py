"""The public page: plain words only, files that stand alone, nothing hidden ever on it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from incidents import communications, lifecycle, restricting
from incidents.communications import Words
from incidents.models import Component, Incident, Maintenance
from incidents.models.incident import Status
from incidents.status_page import publishing, snapshot

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.STATUS_PAGE_DIR = tmp_path
    return tmp_path


@pytest.fixture
def public(opened, runner, ana, noon):
    """Acknowledged, and told to the public."""
    Component.objects.create(name="Agents").services.add(runner)
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)
    words = Words(kind="initial", internal="worker-7 is dead", public="Replies are slow.", next_at=noon + 15 * MINUTE, on_status_page=True)
    communications.post(opened.pk, words, key="k", by=ana, at=noon)
    return opened


def test_only_approved_public_words_are_told(public, noon):
    publishing.write(noon)

    page = publishing.read("index.html")
    for name in publishing.FILES:
        text = publishing.read(name)
        assert not [word for word in ("SEV1", "worker-7", "Ana", "Dia", "runner", public.title) if word in text], name
    assert "Replies are slow." in page and "Investigating" in page and "Next update by" in page
    assert "<script" not in page and 'style="' not in page


@pytest.mark.parametrize("hidden", ["restricted", "drill", "cancelled", "triage", "merged"])
def test_what_must_not_be_seen_is_in_no_file(public, ana, noon, runner, hidden):
    if hidden == "restricted":
        restricting.restrict(public.pk, named=[], by=ana, at=noon)
    elif hidden == "drill":
        Incident.objects.filter(pk=public.pk).update(kind="drill")
    elif hidden == "cancelled":
        lifecycle.cancel(public.pk, by=ana, at=noon, reason="it was only a test")
    elif hidden == "triage":
        lifecycle.move(public.pk, Status.TRIAGE, by=ana, at=noon, reason="nobody has it any more")
    else:
        from incidents import merging

        other = lifecycle.declare(title="Other", severity=1, service=runner, summary="", by=ana, at=noon)
        merging.merge(public.pk, other.pk, by=ana, at=noon)

    publishing.write(noon)

    assert all("Replies are slow." not in publishing.read(name) for name in publishing.FILES)


def test_resolved_ones_stay_for_ninety_days_with_the_minutes_of_each_day(public, ana, noon):
    lifecycle.resolve(public.pk, by=ana, at=noon + 30 * MINUTE, reason="back to normal again")

    taken = snapshot.take(noon + timedelta(days=1))
    assert (len(taken.current), len(taken.past)) == (0, 1)
    assert taken.components[0].days[-2] == 30 and taken.components[0].state == "working"
    assert snapshot.take(noon + timedelta(days=92)).past == ()


def test_planned_work_is_announced_and_marks_its_component(public, noon):
    work = Maintenance.objects.create(title="Database moves", starts_at=noon + timedelta(days=1), ends_at=noon + timedelta(days=1, hours=2))
    work.components.add(Component.objects.create(name="Dashboard"))

    assert [m.title for m in snapshot.take(noon).maintenance] == ["Database moves"]
    states = {c.name: c.state for c in snapshot.take(noon + timedelta(days=1, hours=1)).components}
    assert states == {"Agents": "disturbed", "Dashboard": "maintenance"}
    assert snapshot.take(noon + timedelta(days=2)).maintenance == ()


def test_the_feed_is_atom_and_the_json_is_json(public, noon):
    publishing.write(noon)

    feed = ElementTree.fromstring(publishing.read("feed.atom"))
    [entry] = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert entry.find("{http://www.w3.org/2005/Atom}content").text == "Replies are slow."
    assert json.loads(publishing.read("status.json"))["current"][0]["updates"][0]["word"] == "Investigating"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b < c ]]> \x08 \ufffe", "\u202eevil", "{{ 7*7 }} {% debug %}"])
def test_hostile_words_are_text_in_every_file(public, ana, noon, text):
    words = Words(kind="progress", public=text, next_at=noon + 15 * MINUTE, on_status_page=True)
    communications.post(public.pk, words, key="two", by=ana, at=noon)

    publishing.write(noon)

    assert "<script" not in publishing.read("index.html")
    ElementTree.fromstring(publishing.read("feed.atom"))
    json.loads(publishing.read("status.json"))


def test_the_page_is_served_without_cookies_and_may_be_cached(client, public, noon, django_assert_num_queries):
    publishing.write(noon)

    with django_assert_num_queries(0):
        response = client.get("/status/")

    assert response["Cache-Control"] == "public, max-age=15" and not response.cookies
    assert client.get("/status/feed.atom")["Content-Type"].startswith("application/atom+xml")
    assert client.get("/status/secrets.txt").status_code == 404


def test_the_page_stands_when_the_database_is_down_for_those_signed_in_too(client, public, ana, noon):
    publishing.write(noon)
    client.force_login(ana)

    def down(execute, sql, params, many, context):
        raise DatabaseError("the database is stopped")

    with connection.execute_wrapper(down):
        response = client.get("/status/")

    assert response.status_code == 200 and "Replies are slow." in response.content.decode()


def test_a_reader_never_meets_half_a_page(public, noon, folder, monkeypatch):
    publishing.write(noon)
    before = publishing.read("index.html")
    monkeypatch.setattr(publishing.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        publishing.write(noon + MINUTE)

    assert publishing.read("index.html") == before
