"""What to read: the shipped examples, five before a first shift, those that are like this one; and due dates in a calendar."""

from __future__ import annotations

from datetime import timedelta

import pytest
from icalendar import Calendar

from incidents.models import Incident
from oncall.models import Service
from postmortems import action_items, due_dates, examples, lint, reading
from postmortems.models import ActionItem, DueFeed, Postmortem, Recurrence, Tag

pytestmark = pytest.mark.django_db


def published(service, title, noon, *, severity=2, days=0):
    incident = Incident.objects.create(
        title=title, severity=severity, service=service, opened_at=noon - timedelta(days=days), status="closed", resolved_at=noon
    )
    return Postmortem.objects.create(
        incident=incident, title=title, slug=title.lower(), team=service.team, status="published", created_at=noon, published_at=noon
    )


@pytest.fixture
def api(platform):
    return Service.objects.create(name="api", slug="api", team=platform)


def test_three_examples_are_shipped_once_whole_and_blameless(platform, noon):
    assert examples.lay_out(noon) == "3 example postmortems"
    assert examples.lay_out(noon) == ""

    shown = Postmortem.objects.filter(source=examples.SOURCE)
    assert shown.count() == 3
    for example in shown:
        assert [hint for hint in lint.hints(example, None) if "is empty" not in hint] == []
        assert example.imported_entries.count() >= 7 and example.tags.count() == 3
        assert all(section.body for section in example.sections.exclude(kind="timeline"))
    assert not ActionItem.objects.unfinished().exists()


def test_without_a_team_the_examples_wait(noon):
    assert examples.lay_out(noon) == ""


def test_the_five_are_bad_recent_and_come_back_and_ticks_are_kept(client, api, ana, noon):
    old = published(api, "Old", noon, severity=1, days=1500)
    minor = published(api, "Minor", noon, severity=4)
    back = published(api, "Back", noon, severity=4, days=2)
    for number in range(4):
        published(api, f"Bad{number}", noon, severity=1, days=number)
    Recurrence.objects.create(incident=Incident.objects.create(title="x", severity=3, opened_at=noon), postmortem=back, found_at=noon)
    Recurrence.objects.create(incident=Incident.objects.create(title="y", severity=3, opened_at=noon), postmortem=back, found_at=noon)

    chosen = reading.five(api, ana, noon)

    assert chosen[0].postmortem == back and "came back 2 times" in chosen[0].why
    assert len(chosen) == 5 and not {old, minor} & {each.postmortem for each in chosen}
    client.force_login(ana)
    client.post(f"/postmortems/{back.pk}/read/", {"service": "api"})
    client.post(f"/postmortems/{back.pk}/read/", {"service": "api"})
    assert [each.is_read for each in reading.five(api, ana, noon)] == [True, False, False, False, False]
    assert "Read these five" in client.get("/postmortems/five/api/").content.decode()


def test_those_with_the_same_tags_or_service_are_related(api, platform, ana, noon):
    other = Service.objects.create(name="other", slug="other", team=platform)
    tag = Tag.objects.create(kind="cause", name="schema change")
    this, same_service, same_tag, both, _ = (
        published(api, "This", noon), published(api, "Service", noon), published(other, "Tag", noon), published(api, "Both", noon),
        published(other, "Neither", noon),
    )  # fmt: skip
    for each in (this, same_tag, both):
        each.tags.add(tag)

    assert [(each.postmortem, each.why) for each in reading.related(this, ana)] == [
        (both, "1 tag in common, the same service"),
        (same_tag, "1 tag in common"),
        (same_service, "the same service"),
    ]


def test_due_dates_are_subscribed_to_by_a_secret_that_is_hashed_and_revocable(client, ana, ben, platform, noon):
    open_one = action_items.add(title="Fix\r\nBEGIN:VEVENT", owner=ana, team=platform, due_on=noon.date(), at=noon)
    done = action_items.add(title="Done", owner=ana, team=platform, due_on=noon.date(), at=noon)
    action_items.finish(done.pk, "seen", by=ana, at=noon)
    action_items.add(title="Not mine", owner=ben, team=platform, due_on=noon.date(), at=noon)
    client.force_login(ana)

    page = client.post("/actions/feed/", follow=True).content.decode()
    path = page.partition("/actions/feed/due_")[2].partition(".ics")[0]
    address = f"/actions/feed/due_{path}.ics"
    client.logout()
    events = Calendar.from_ical(client.get(address).content).walk("VEVENT")

    assert sorted(str(event["summary"]) for event in events) == [f"Did it hold? AI-{done.pk} Done", f"Due: AI-{open_one.pk} Fix BEGIN:VEVENT"]
    assert DueFeed.objects.get().digest not in address
    client.force_login(ana)
    client.post("/actions/feed/revoke/")
    client.logout()
    assert client.get(address).status_code == 404
    assert due_dates.find("due_unknown") is None
