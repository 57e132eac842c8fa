"""Promises of the API as a whole, asked of every address in the authorisation table: twice is once, stale changes nothing."""

from __future__ import annotations

import json
from datetime import timedelta

from django.apps import apps
from django.db import transaction
from django.urls import reverse

from incidents import lifecycle, merging
from oncall.models import Override
from portal.models import Answer
from postmortems import action_items
from tests.test_authorisation import ROWS, world

__all__ = ["world"]  # a fixture

POSTS = [row for row in ROWS if row.url.startswith("api:") and row.method == "POST"]
CHANGES = [row for row in ROWS if row.url.startswith("api:") and row.method in {"PUT", "PATCH", "DELETE"}]
PEOPLE = ["admin", "lead", "editor", "responder", "viewer"]


def merged(world):
    other = lifecycle.declare(title="Other", severity=3, service=None, summary="", by=world.people["lead"], at=world.now)
    merging.merge(world.incident.pk, other.pk, by=world.people["lead"], at=world.now, reason="the same")


def written(world):
    type(world.item).objects.filter(pk=world.item.pk).update(due_on=world.now.date(), dated_at=world.now, next_reminder_at=world.now)
    for section in world.postmortem.sections.all():
        section.body = "All that is known."
        section.save()


def declined(world):
    action_items.decline(world.item.pk, "a good enough reason", by=world.people["lead"], at=world.now)


def on_call(name, days):
    """A whole day from so many days ahead is that person's shift."""

    def given(world):
        begin = world.now + timedelta(days=days)
        Override.objects.filter(rotation=world.rotation).delete()
        person = world.people[name]
        Override.objects.create(rotation=world.rotation, person=person, by=person, starts_at=begin, ends_at=begin + timedelta(days=1))

    return given


# What must be so before that verb is possible.
BEFORE = {
    "api:incident-split": merged,
    "api:postmortem-publish": written,
    "api:action-item-reopen": declined,
    "api:swap-list": on_call("admin", 3),
    "api:swap-accept": on_call("lead", 1),
}


def everything() -> dict[str, list]:
    """Every row of the database but answers that were kept, sessions and last uses."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
        if model is not Answer and model._meta.label not in {"sessions.Session", "accounts.ApiToken"}
    }


def somebody(world, row):
    return world.clients[next(name for name in PEOPLE if name in row.may)]


def ask(client, method: str, url: str, data, **headers):
    return client.generic(method, url, json.dumps(data), content_type="application/json", headers=headers)


def test_each_post_of_the_api_sent_twice_acts_once(world, capsys):
    wrong, acted = [], 0
    for row in POSTS:
        url, client, data = reverse(row.url, kwargs=row.kwargs(world)), somebody(world, row), row.data(world)
        with transaction.atomic():
            BEFORE.get(row.url, lambda world: None)(world)
            first = ask(client, "POST", url, data, **{"Idempotency-Key": "once"})
            after_first = everything()
            second = ask(client, "POST", url, data, **{"Idempotency-Key": "once"})
            if first.status_code >= 400:
                wrong.append(f"{url}: refused with {first.status_code} {first.content[:200]!r}; give its row data that works")
            elif (second.status_code, second.content) != (first.status_code, first.content) or not second.has_header("Idempotency-Replayed"):
                wrong.append(f"{url}: the second answer differs: {second.status_code} {second.content[:200]!r}")
            elif everything() != after_first:
                wrong.append(f"{url}: acted twice")
            else:
                acted += 1
            transaction.set_rollback(True)

    with capsys.disabled():
        print(f"\nidempotency: {acted} of {len(POSTS)} POST addresses acted once")
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_stale_or_missing_version_changes_nothing(world, capsys):
    wrong = []
    for row in CHANGES:
        url, client = reverse(row.url, kwargs=row.kwargs(world)), somebody(world, row)
        client.get("/api/")  # a first visit is noted
        before = everything()
        missing = ask(client, row.method, url, row.data(world))
        stale = ask(client, row.method, url, row.data(world), **{"If-Match": '"stale-version"'})
        if (missing.status_code, stale.status_code) != (428, 412) or everything() != before:
            wrong.append(f"{row.method} {url}: {missing.status_code} {stale.status_code}")

    with capsys.disabled():
        print(f"\nIf-Match: {len(CHANGES) - len(wrong)} of {len(CHANGES)} changes answer 428 without, 412 with a stale version, and change nothing")
    assert not wrong, "\n" + "\n".join(wrong)
