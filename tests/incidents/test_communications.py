"""Updates: words filled from facts, approved, counted, sent once to each, shown, retried."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from incidents import communications, delivering, lifecycle, restricting, roles, templating, timeline
from incidents.communications import Words
from incidents.models import Copy, StakeholderList, Update, UpdateTemplate
from portal import due
from portal.errors import DomainError, Invalid, NotAllowed, Stale
from portal.models import Due

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def taken(opened, ana, noon):
    return lifecycle.acknowledge(opened.pk, by=ana, at=noon)


@pytest.fixture
def support(runner):
    found = StakeholderList.objects.create(name="Support", audience="internal", addresses="desk@example.org\nDesk@example.org\nno address\n")
    found.services.add(runner)
    return found


@pytest.fixture
def customers(db):
    return StakeholderList.objects.create(name="Customers", audience="public", addresses="one@example.com\ntwo@example.com")


def words(noon, **more):
    return Words(**{"kind": "initial", "internal": "We look.", "public": "Replies are slow.", "next_at": noon + 15 * MINUTE} | more)


def deliver(monkeypatch, now):
    from portal import clock

    monkeypatch.setattr(clock, "now", lambda: now)
    due.run("paging")


def test_the_three_templates_have_the_structure_of_the_guide(taken, noon):
    taken.impact, taken.service.dashboard_url = "8% of requests failing", "https://grafana.company.com/agent-health"
    facts = templating.facts_of(taken, at=noon + 3 * MINUTE, next_at=noon + 18 * MINUTE) | {
        "thinking": "Recent deployment suspected.",
        "doing": "Rollback initiated.",
    }

    assert templating.fill(templating.SHIPPED["initial", "internal"], facts) == (
        "🚨 [SEV1] Agents do not answer\n\nImpact: 8% of requests failing\nStatus: Investigating\nTime: 12:03 UTC\n\n"
        "Recent deployment suspected. Rollback initiated.\nNext update in 15 minutes.\n\nDashboard: https://grafana.company.com/agent-health"
    )


def test_an_empty_fact_stays_visible_as_a_gap(taken, noon):
    found = templating.draft(taken, "initial", at=noon, next_at=noon + 5 * MINUTE)["internal"]

    assert "Impact: [impact: to be filled in]" in found
    assert "[impact: to be filled in]" in templating.gaps(found)


PAYLOADS = [
    "{{ 7*7 }}", "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{% debug %}", "{% load log %}{% get_admin_log 10 as l %}", "{# c #}",
    "{{ config.items() }}", "{{ settings.SECRET_KEY }}", "{{ request.META }}", "{{ title|safe }}", "{{title}}", "{title.__class__}",
    "{title!r}", "{title:>30}", "{0}", "{}", "{{}}", "{incident.opened_by.password}", "{u.check_password.__func__.__globals__[settings].SECRET_KEY}",
    "%(title)s", "%s", "%n", "$title", "${title}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ cycler.__init__.__globals__ }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}", "{% include '/etc/passwd' %}", "{% extends 'base.html' %}",
    "__import__('os').system('id')", "'{title!s}'.format(**globals())", "{{ self._TemplateReference__context }}",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_template_and_a_fact_come_out_literally_whatever_they_hold(payload):
    assert templating.fill(payload, {"title": "T", "incident": "I", "u": "U"}) == payload
    assert templating.fill("a {title} b", {"title": payload}) == f"a {payload} b"


def test_a_fact_is_never_filled_a_second_time():
    assert templating.fill("{title} {status}", {"title": "{status}", "status": "{title}"}) == "{status} {title}"


def test_a_list_of_another_service_or_a_milder_severity_gets_nothing(taken, support, crew):
    from oncall.models import Service

    other = StakeholderList.objects.create(name="Others", audience="internal")
    other.services.add(Service.objects.create(name="other", slug="other", team=crew))
    StakeholderList.objects.create(name="Sev1", audience="internal", least_severity=1)
    taken.severity = 2

    assert [(r.stakeholders.name, r.people) for r in communications.recipients(taken)] == [("Support", 1)]


def test_each_address_gets_one_copy_with_the_same_id(taken, support, customers, ana, noon, monkeypatch):
    again = StakeholderList.objects.create(name="Again", audience="internal", addresses="desk@example.org")
    update = communications.post(taken.pk, words(noon, lists=(support.pk, customers.pk, again.pk)), key="k", by=ana, at=noon)

    deliver(monkeypatch, noon)

    assert sorted((m.to[0], m.body.splitlines()[0]) for m in mail.outbox if "X-Standby-Update" in m.extra_headers) == [
        ("desk@example.org", "We look."),
        ("one@example.com", "Replies are slow."),
        ("two@example.com", "Replies are slow."),
    ]
    assert {m.extra_headers["X-Standby-Update"] for m in mail.outbox if "X-Standby-Update" in m.extra_headers} == {delivering.mark(update)}
    assert communications.delivery([update]) == {update.pk: {"sent": 3}}
    assert timeline.story(taken).filter(text="Update 1: 3 copies handed over").exists()


def test_a_double_tap_posts_once(taken, ana, noon):
    for _ in range(2):
        communications.post(taken.pk, words(noon), key="same", by=ana, at=noon)

    assert Update.objects.count() == 1


def test_public_text_waits_for_the_commander(taken, customers, ana, ben, noon):
    roles.take(taken.pk, "commander", person=ben, by=ben, at=noon)
    update = communications.post(taken.pk, words(noon, lists=(customers.pk,), on_status_page=True), key="k", by=ana, at=noon)
    assert (update.is_public, Copy.objects.count()) == (False, 0)

    with pytest.raises(NotAllowed):
        communications.approve(update.pk, seen=communications.text_mark(update), by=ana, at=noon)
    seen = communications.text_mark(update)
    communications.rewrite_public(update.pk, "Replies are very slow.", by=ana, at=noon)
    with pytest.raises(Stale, match="changed the public text"):
        communications.approve(update.pk, seen=seen, by=ben, at=noon)
    update.refresh_from_db()
    approved = communications.approve(update.pk, seen=communications.text_mark(update), by=ben, at=noon)

    assert (approved.is_public, Copy.objects.count(), approved.approved_by) == (True, 2, ben)
    assert taken.checks.get(fact="status_page").state == "ticked"


def test_the_last_update_is_not_final_while_it_is_not_resolved(taken, ana, noon):
    with pytest.raises(Invalid, match="not resolved yet"):
        communications.post(taken.pk, words(noon, next_at=None), key="k", by=ana, at=noon)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"internal": " ", "public": ""}, "at least one text"),
        ({"kind": "odd"}, "no kind of update"),
        ({"public": "", "on_status_page": True}, "public text"),
    ],
)
def test_a_wrong_update_says_what_to_change(taken, ana, noon, more, sentence):
    with pytest.raises(Invalid, match=sentence):
        communications.post(taken.pk, words(noon, **more), key="k", by=ana, at=noon)


def test_a_restricted_incident_and_one_in_triage_are_never_public(opened, ana, noon):
    with pytest.raises(Invalid, match="acknowledge it before"):
        communications.post(opened.pk, words(noon, on_status_page=True), key="k", by=ana, at=noon)
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)
    restricting.restrict(opened.pk, named=[ana], by=ana, at=noon)
    with pytest.raises(Invalid, match="never appears on a public page"):
        communications.post(opened.pk, words(noon, on_status_page=True), key="k", by=ana, at=noon)


class Refusing:
    """Stands in for the mail server, the one thing faked here: refuses, falls silent or takes."""

    def __init__(self, *outcomes):
        self.outcomes, self.taken = list(outcomes), 0

    def __call__(self, copy):
        outcome = self.outcomes.pop(0) if self.outcomes else "ok"
        if isinstance(outcome, Exception):
            raise outcome
        self.taken += 1
        return "ok"


@pytest.fixture
def one_copy(taken, support, ana, noon):
    communications.post(taken.pk, words(noon, lists=(support.pk,), public=""), key="k", by=ana, at=noon)
    return Copy.objects.get()


def rows():
    return list(Due.objects.filter(kind=communications.SEND))


def test_a_refusal_is_tried_again_and_then_told_with_a_retry(one_copy, ana, noon, monkeypatch):
    from portal import clock

    monkeypatch.setattr(delivering, "_hand_over", Refusing(*[delivering.NotTaken("the mail server said 451")] * 4))
    for minute in range(5):
        monkeypatch.setattr(clock, "now", lambda minute=minute: noon + minute * 3 * MINUTE)
        work_committed(noon + minute * 3 * MINUTE)

    one_copy.refresh_from_db()
    assert (one_copy.state, one_copy.reason, rows()) == ("failed", "the mail server said 451", [])
    assert timeline.story(one_copy.update_of.incident).filter(kind="update_failed").exists()
    communications.retry(one_copy.pk, by=ana, at=noon)
    with pytest.raises(DomainError, match="nothing to retry"):
        communications.retry(one_copy.pk, by=ana, at=noon)
    assert len(rows()) == 1


def work_committed(now):
    """One claimed batch. (Claims commit, so the test's own transaction is left aside.)"""
    for row in Due.objects.filter(kind=communications.SEND, lease=None, due_at__lte=now):
        from uuid import uuid4

        Due.objects.filter(pk=row.pk).update(lease=uuid4(), attempts=row.attempts + 1)
        row.refresh_from_db()
        due.work(row)


def test_a_permanent_refusal_fails_at_once(one_copy, noon, monkeypatch):
    monkeypatch.setattr(delivering, "_hand_over", Refusing(delivering.NotTaken("the mail server said 550", permanent=True)))

    work_committed(noon)

    one_copy.refresh_from_db()
    assert one_copy.state == "failed"


def test_a_destination_that_falls_silent_twice_got_at_most_two_copies_and_it_is_said(one_copy, noon, monkeypatch):
    monkeypatch.setattr(delivering, "_hand_over", Refusing(*[delivering.NobodyKnows("the mail server fell silent")] * 5))

    for _ in range(4):
        Due.objects.filter(kind=communications.SEND).update(due_at=noon)
        work_committed(noon)

    one_copy.refresh_from_db()
    assert (one_copy.state, one_copy.attempts) == ("failed", 2)
    assert "may have arrived" in one_copy.reason


def test_a_worker_killed_while_it_sends_leads_to_two_copies_at_most(one_copy, noon, monkeypatch):
    class Killed(BaseException):
        pass

    def dies(copy):
        raise Killed

    monkeypatch.setattr(delivering, "_hand_over", dies)
    for _ in range(2):
        with pytest.raises(Killed):
            work_committed(noon)
        Due.objects.filter(kind=communications.SEND).update(lease=None, due_at=noon)
    work_committed(noon)

    one_copy.refresh_from_db()
    assert (one_copy.state, one_copy.attempts) == ("failed", 2)


def test_an_executive_without_own_text_gets_the_internal_one(taken, ana, noon):
    board = StakeholderList.objects.create(name="Board", audience="executive", addresses="board@example.org")

    update = communications.post(taken.pk, words(noon, lists=(board.pk,), public=""), key="k", by=ana, at=noon)

    assert communications.body_of(update, "executive") == "We look."
    assert Copy.objects.get().address == "board@example.org"


def test_an_edited_template_is_used_as_text(taken, noon):
    UpdateTemplate.objects.create(kind="initial", audience="internal", body="{title}: {{ settings.SECRET_KEY }} {unknown}")

    assert templating.draft(taken, "initial", at=noon, next_at=None)["internal"] == "Agents do not answer: {{ settings.SECRET_KEY }} {unknown}"
