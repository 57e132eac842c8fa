"""Retention: tried without doing, done in small steps, never touching the story."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command

from portal import clock, due, retention
from portal.accounts import invitations
from portal.accounts.models import Invitation
from portal.accounts.roles import Role
from portal.errors import Invalid
from portal.models import Due, Retention
from portal.notify.models import Message

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def ended(at):
    """A session that ended then."""
    return Session.objects.create(session_key=f"s{Session.objects.count()}", session_data="", expire_date=at)


def going(now) -> dict[str, int]:
    return {line.name: line.going for line in retention.plan(now) if line.going}


def test_a_message_that_waits_or_that_something_points_to_stays(ana, noon):
    old = noon - 500 * DAY
    common = {"recipient": ana, "channel": "email", "purpose": "notice", "subject": "x", "body": "x", "created_at": old}
    waiting = Message.objects.create(dedup_key="waits", **common)
    Message.objects.create(dedup_key="sent", state="sent", sent_at=old, **common)

    assert retention.purge(noon)["messages"] == 1
    assert list(Message.objects.all()) == [waiting]


def test_invitations_that_are_over_go_after_ninety_days(admin_user, noon):
    invitations.invite("a@example.org", role=Role.VIEWER, by=admin_user, at=noon - 200 * DAY)
    invitations.invite("b@example.org", role=Role.VIEWER, by=admin_user, at=noon)

    retention.purge(noon)

    assert [invitation.email for invitation in Invitation.objects.all()] == ["b@example.org"]


def test_an_administrator_keeps_longer_or_for_ever_and_never_shorter_than_sense(admin_user, noon):
    ended(noon - 40 * DAY)
    assert going(noon) == {"sessions": 1}
    retention.keep("sessions", 60, by=admin_user, at=noon)
    assert going(noon) == {}

    retention.keep("sessions", None, by=admin_user, at=noon)
    ended(noon - 4000 * DAY)
    assert going(noon) == {}
    with pytest.raises(Invalid, match="at least"):
        retention.keep("messages", 2, by=admin_user, at=noon)


def test_the_admin_refuses_what_is_too_short(client, admin_user, noon):
    retention.lay_out(noon)
    row = Retention.objects.get(kind="messages")
    client.force_login(admin_user)

    refused = client.post(f"/admin/portal/retention/{row.pk}/change/", {"days": "3"})
    client.post(f"/admin/portal/retention/{row.pk}/change/", {"days": "365"})

    row.refresh_from_db()
    assert "must be kept for 30 days at least" in refused.content.decode()
    assert (row.days, row.changed_by) == (365, admin_user)


def test_every_night_one_due_row_purges(db):
    now = clock.now()
    ended(now - 40 * DAY)
    for _ in range(3):
        retention.ask_for_tonight(now)
    row = Due.objects.get(kind=retention.PURGE)
    assert now < row.due_at <= now + DAY

    due.move(retention.PURGE, retention.KEY, at=now)
    [claimed] = [found for found in due.claim("work", clock.now()) if found.kind == retention.PURGE]
    due.work(claimed)

    assert not Session.objects.exists()
    assert not Due.objects.filter(kind=retention.PURGE).exists()


def test_seeding_lays_out_what_is_missing_and_leaves_what_was_set(admin_user, noon):
    retention.keep("sessions", 90, by=admin_user, at=noon)

    assert retention.lay_out(noon) == f"{len(retention.kinds) - 1} retention settings"
    assert retention.lay_out(noon) == ""
    assert Retention.objects.get(kind="sessions").days == 90


def test_an_unknown_kind_is_said():
    with pytest.raises(CommandError, match="Kinds are"):
        call_command("purge", "--kind", "everything")


def test_nothing_that_people_wrote_is_on_the_shelf():
    kept = {kind.rows(clock.now()).model._meta.label for _, kind in retention.kinds}

    assert not kept & {"incidents.Incident", "portal.Entry", "portal.Decision", "postmortems.Postmortem", "runbooks.Runbook", "accounts.User"}
