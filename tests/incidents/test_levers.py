"""Levers that the portal pulls itself: shown, confirmed with a reason, on tier 1 agreed to by a second person, once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from incidents import lifecycle, pulling
from incidents.models import Mitigation, MitigationOption
from portal import clock, due, journal, outbound
from portal.errors import DomainError, Invalid
from portal.models import Decision, Due
from runbooks.models import ChangeRight, DiagnosticRun, Preview, Target
from tests.conftest import person

pytestmark = pytest.mark.django_db
WHY = "The release of 14:02 broke the answers"


@pytest.fixture
def option(db):
    return MitigationOption.objects.create(name="Roll back", command="rollback {service}", webhook_url="https://ci.example.org/rollback")


@pytest.fixture
def incident(runner, ana, ben):
    """Of a tier 1 service; both may change things."""
    now = clock.now()
    type(runner).objects.filter(pk=runner.pk).update(tier=1)
    for holder in (ana, ben):
        ChangeRight.objects.create(user=holder, given_at=now)
    found = lifecycle.declare(title="Agents do not answer", severity=1, service=runner, summary="", by=ana, at=now)
    return lifecycle.acknowledge(found.pk, by=ana, at=now)


@pytest.fixture
def hook(monkeypatch):
    """What was sent to the webhook: a fake, for nothing real may be rolled back."""
    sent = []

    def fetch(method, url, **given):
        sent.append((method, url, given["json"], given["headers"]))
        return outbound.Answer(status=202, headers={}, body=b"", seconds=0.1)

    monkeypatch.setattr(outbound, "fetch", fetch)
    return sent


def asked(incident, option, by, **more):
    token = pulling.preview(incident, option, by=by)
    return pulling.confirm(token, by=by, at=clock.now(), reason=WHY, **more)


def test_on_tier_1_it_waits_for_a_second_person_and_is_then_pulled_once(incident, option, ana, ben, hook):
    found = asked(incident, option, ana)
    due.run("work")
    assert (found.run, hook) == ("waiting", [])
    assert incident.checks.get(fact="mitigation").state == "open"  # nothing was tried yet

    pulling.agree(found.pk, by=ben, at=clock.now())
    due.run("work")
    due.run("work")

    found.refresh_from_db()
    assert (found.run, found.by, found.second, found.answer, found.reason) == ("done", ana, ben, "answered 202", WHY)
    [(method, url, body, headers)] = hook
    assert (method, url, body["service"], body["option"]) == ("POST", option.webhook_url, "runner", "Roll back")
    assert headers == {"Idempotency-Key": f"standby-lever-{found.pk}"}
    first, agreed, done = [entry.text for entry in journal.entries(incident.subject) if entry.kind == "mitigation"]
    assert first == f"Roll back: a second person is asked to agree. {WHY}"
    assert (agreed, done) == ("Roll back: agreed, and asked of the portal", "Roll back: run by the portal, answered 202")


def test_who_is_alone_says_so_and_it_stands_in_the_decision_log(incident, option, ana, hook):
    found = asked(incident, option, ana, alone=True)
    due.run("work")

    assert len(hook) == 1
    decision = Decision.objects.get(kind="lever_alone")
    assert (decision.by, decision.reason, found.second) == (ana, f"Roll back: {WHY}", None)


def test_below_tier_1_one_person_is_enough(incident, option, ana, hook):
    type(incident.service).objects.update(tier=2)

    asked(incident, option, ana)
    due.run("work")

    assert len(hook) == 1
    assert not Decision.objects.filter(kind="lever_alone").exists()


def test_what_is_refused(incident, option, ana, ben, hook):
    token = pulling.preview(incident, option, by=ana)
    with pytest.raises(DomainError, match="whoever was shown it"):
        pulling.confirm(token, by=ben, at=clock.now(), reason=WHY)
    with pytest.raises(Invalid, match="10 characters"):
        pulling.confirm(token, by=ana, at=clock.now(), reason="because")
    found = pulling.confirm(token, by=ana, at=clock.now(), reason=WHY)
    with pytest.raises(DomainError, match="used already"):
        pulling.confirm(token, by=ana, at=clock.now(), reason=WHY)
    with pytest.raises(DomainError, match="another one than who asked"):
        pulling.agree(found.pk, by=ana, at=clock.now())
    with pytest.raises(DomainError, match="more than ten minutes ago"):
        pulling.agree(found.pk, by=ben, at=clock.now() + timedelta(minutes=11))
    MitigationOption.objects.update(command="rollback --all")
    with pytest.raises(DomainError, match="was changed since"):
        pulling.agree(found.pk, by=ben, at=clock.now())
    assert hook == []


def test_a_worker_that_died_leaves_it_lost_and_never_pulls_it_again(incident, option, ana, hook):
    found = asked(incident, option, ana, alone=True)
    due.claim("work", clock.now())  # and the worker dies here
    Due.objects.filter(kind=pulling.RUN).update(due_at=clock.now() - timedelta(minutes=5))

    due.run("work")

    found.refresh_from_db()
    assert (found.run, hook) == ("lost", [])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_agree_at_once_one_does_and_the_other_is_told(incident, option, ana, ben, hook):
    found, barrier, told = asked(incident, option, ana), threading.Barrier(2), []

    def agree(by):
        barrier.wait()
        try:
            told.append(pulling.agree(found.pk, by=by, at=clock.now()).run)
        except DomainError as refusal:
            told.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=agree, args=[by]) for by in (ben, person("Noor"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == ["already_agreed", "asked"]
    assert Due.objects.filter(kind=pulling.RUN).count() == 1


def test_two_people_pull_it_on_the_page(client, incident, option, ana, ben, hook):
    client.force_login(ana)
    page = client.get(reverse("incident-detail", args=[incident.pk])).content.decode()
    assert "Nobody else is here" in page
    token = page.split('name="token" value="')[1].split('"')[0]
    client.post(reverse("incident-lever", args=[incident.pk]), {"token": token, "reason": WHY})
    assert "I agree: do it" not in client.get(reverse("incident-detail", args=[incident.pk])).content.decode()

    client.force_login(ben)
    assert "I agree: do it" in client.get(reverse("incident-detail", args=[incident.pk])).content.decode()
    client.post(reverse("incident-lever-agree", args=[incident.pk, Mitigation.objects.get().pk]))
    due.run("work")

    assert "run by the portal, answered 202" in client.get(reverse("incident-detail", args=[incident.pk])).content.decode()


def test_without_the_right_nothing_can_be_pulled(client, incident, option, ana, hook):
    token = pulling.preview(incident, option, by=ana)
    ChangeRight.objects.all().delete()
    client.force_login(ana)

    assert 'name="token"' not in client.get(reverse("incident-detail", args=[incident.pk])).content.decode()
    assert client.post(reverse("incident-lever", args=[incident.pk]), {"token": token, "reason": WHY}).status_code == 403
    assert not Mitigation.objects.exists()


def test_a_lever_pulled_by_a_diagnostic_goes_through_its_guard_and_stands_among_the_levers(client, incident, ana, ben):
    now = clock.now()
    target = Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=1)
    lever = MitigationOption.objects.create(name="Kill what hangs", command="", diagnostic="kill-stale", target=target)
    client.force_login(ana)
    assert "Show what it would do" in client.get(reverse("incident-detail", args=[incident.pk])).content.decode()
    both = {"diagnostic": "kill-stale", "target": target, "about": incident.subject, "asked_by": ana, "state": "done"}
    looked, act = (DiagnosticRun.objects.create(**both, queued_at=now, finished_at=now, finding=text) for text in ("Would kill 3", "Killed 3"))
    Preview.objects.create(
        run=looked,
        act=act,
        items=[{"id": "abc-123"}],
        requester=f"user:{ana.pk}",
        expires_at=now + timedelta(minutes=2),
        second=ben,
        second_at=now,
        confirmed_at=now,
        reason=WHY,
    )

    pulling.keep_act(looked, now)
    pulling.keep_act(act, now)

    [kept] = Mitigation.objects.all()
    assert (kept.option, kept.name, kept.by, kept.second, kept.run, kept.answer) == (
        lever,
        "Kill what hangs",
        ana,
        ben,
        "done",
        "Killed 3",
    )
