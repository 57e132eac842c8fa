"""The whole of on call in a browser, on a desktop and on a phone: from building a rotation to acknowledging from a page's link."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from incidents import lifecycle
from oncall import handoffs, rota, shifts, starting
from oncall.models import Checklist, Handoff, Membership, Rotation, Service, Swap, Team
from portal import clock, due
from tests.browser.looks import photograph
from tests.conftest import person

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def _patient(open_page):
    """Many pages at once on a small machine."""

    def opened(user=None, **more):
        page = open_page(user, **more)
        page.set_default_timeout(30_000)
        return page

    return opened


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_from_a_new_rotation_to_an_acknowledgement_from_a_link(open_page, ana, ben, phone):
    now, open_page = clock.now(), _patient(open_page)
    lea, size = person("Lea", "lead"), "390" if phone else "1440"
    team = Team.objects.create(name="Crew", slug="crew", is_default=True)
    for member, right in ((lea, "lead"), (ana, "editor"), (ben, "editor")):
        Membership.objects.create(team=team, user=member, role=right)
    starting.lay_out(now)

    # A rotation for one hour short of each day: the hole is shown, refused, and saved with a reason.
    screen = open_page(lea, phone=phone)
    screen.goto(reverse("rotation-new"))
    screen.get_by_label("Team").select_option("Crew")
    screen.get_by_label("Name").fill("Crew primary")
    screen.get_by_label("First hand-off on").fill(f"{now - timedelta(days=2):%Y-%m-%d}")
    screen.get_by_label("Shift length").fill("1d")
    screen.get_by_label("Only at these times").fill("01:00-00:00")
    screen.get_by_label("1.").select_option("Ana")
    screen.get_by_label("2.").select_option("Ben")
    screen.get_by_role("button", name="Show twelve months").click()
    screen.get_by_text("Gap:").first.wait_for()
    photograph(screen, f"rotation-edit-{size}")
    screen.get_by_role("button", name="Save", exact=True).click()
    screen.get_by_role("alert").filter(has_text="nobody would answer").first.wait_for()
    screen.get_by_label("Why these holes are right").fill("Backups run then and nobody is served")
    screen.get_by_role("button", name="Save", exact=True).click()
    screen.get_by_role("heading", name="Crew primary").wait_for()
    photograph(screen, f"rotation-{size}")
    rotation = Rotation.objects.get(name="Crew primary")

    # Ana offers her next shift; Ben accepts.
    [(_, spans)] = rota.coming(now, now + timedelta(days=6), Rotation.objects.filter(pk=rotation.pk))
    hers = next(span for span in spans if span.person == ana and span.starts_at > now)
    mine = open_page(ana, phone=phone)
    mine.goto(reverse("rotation-detail", args=[rotation.pk]))
    mine.get_by_text("Offer my shift").click()
    form = mine.locator(f'form[action="{reverse("swap-offer", args=[rotation.pk])}"]')
    form.get_by_label("My shift from").fill(f"{hers.starts_at:%Y-%m-%dT%H:%M}")
    form.get_by_label("To").first.fill(f"{hers.ends_at:%Y-%m-%dT%H:%M}")
    form.get_by_label("Who takes it").select_option("Ben")
    form.get_by_role("button", name="Ask them").click()
    mine.get_by_text("Ben is asked").wait_for()
    his = open_page(ben, phone=phone)
    his.goto(reverse("swap-detail", args=[Swap.objects.get().pk]))
    his.get_by_role("button", name="Accept the shift").click()
    his.get_by_text("The shift is yours").wait_for()

    # A hand-off to Ben is written by Ana and accepted by him.
    handoff = Handoff.objects.create(rotation=rotation, outgoing=ana, incoming=ben, at=now, since=now - timedelta(days=1), opened_at=now)
    assert handoffs.SECTIONS
    mine.goto(reverse("handoff-detail", args=[handoff.pk]))
    mine.get_by_label("What changed").fill("Workers are on yesterday's version.")
    photograph(mine, f"handoff-{size}")
    mine.get_by_role("button", name="Send to Ben").click()
    his.goto(reverse("handoff-detail", args=[handoff.pk]))
    his.get_by_text("Workers are on yesterday's version.").wait_for()
    his.get_by_role("button", name="Accept the hand-off").click()
    his.get_by_text("Accepted. The shift is yours.").wait_for()

    # Whoever is on call now proves the phone: a test page, opened and pressed, ticks the check.
    shifts.open_checklists(now)
    listed = Checklist.objects.filter(template__slug="shift-checklist").order_by("due_at").first()
    holder = open_page(listed.person, phone=phone)
    holder.goto(reverse("checklist-detail", args=[listed.pk]))
    holder.get_by_role("button", name=re.compile("Send a test page")).click()
    due.run("paging")
    tapped = re.search(r"/t/[^/\s]+/", next(sent.body for sent in reversed(mail.outbox) if "Test page" in sent.subject))[0]
    holder.goto(tapped)
    holder.get_by_role("button", name="It reached me").click()
    holder.get_by_text("proven").wait_for()
    holder.goto(reverse("checklist-detail", args=[listed.pk]))
    holder.get_by_text("page tapped, by e-mail").wait_for()
    photograph(holder, f"checklist-{size}")

    # A page arrives, and is acknowledged from its link by somebody who is not signed in.
    service = Service.objects.create(name="runner", slug="runner", team=team)
    incident = lifecycle.declare(title="Agents do not answer", severity=1, service=service, summary="", by=lea, at=clock.now())
    due.run("paging")
    link = re.search(r"/ack/[^/\s]+/", next(sent.body for sent in mail.outbox if "[SEV1]" in sent.subject))[0]
    stranger = open_page(phone=phone)
    stranger.goto(link)
    photograph(stranger, f"acknowledge-{size}")
    stranger.get_by_role("button", name="Acknowledge").click()
    stranger.get_by_text("Paging has stopped").wait_for()

    incident.refresh_from_db()
    assert incident.status == "investigating"
    complaints = [line for page in (screen, mine, his, holder, stranger) for line in page.complaints]
    # A refused form is told to the console too; a preview that was under way ends with its page.
    assert [line for line in complaints if "422" not in line and "ERR_ABORTED" not in line] == []
