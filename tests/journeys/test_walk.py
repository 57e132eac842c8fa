"""The walk: one alert goes the whole way to a finished action item, through real processes."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta

import pytest
import redis

from tests.incidents.conftest import all_captures
from tests.journeys.running import eventually

pytestmark = [pytest.mark.servers]

SECOND = "ben@example.org"
STORY = [capture for capture in all_captures() if capture["_name"][:2].isdigit() and int(capture["_name"][:2]) <= 21]
PEOPLE = f"""
from datetime import timedelta
from oncall.models import *
from portal.accounts.models import User
team = Team.objects.get(is_default=True)
ben = User.objects.create_user("{SECOND}", "correct horse battery", name="Ben")
Membership.objects.create(team=team, user=ben, role="editor")
second = Rotation.objects.create(team=team, name="Platform secondary", lane="secondary", begins_on="2020-01-06")
Turn.objects.create(rotation=second, person=ben)
for step in EscalationStep.objects.filter(policy__severity=1):
    step.after = step.after / 60  # minutes become seconds
    step.save()
"""


def crafted(name: str, severity: str = "critical", service: str = "agent-api") -> bytes:
    """One alert in Alertmanager's shape, firing since now."""
    labels = {"alertname": name, "severity": severity, "service": service, "instance": "a:1"}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    alert = {"status": "firing", "labels": labels, "annotations": {"summary": f"{name} fires"}, "startsAt": now, "endsAt": "0001-01-01T00:00:00Z"}
    return json.dumps({"version": "4", "status": "firing", "receiver": "standby", "alerts": [alert]}).encode()


def keys_of(bodies: list[bytes]) -> set[tuple[str, str]]:
    """The correlation keys that a person reads out of the bodies: service (or the source's default) and alert name."""
    found = set()
    for body in bodies:
        for alert in json.loads(body)["alerts"]:
            labels = alert["labels"]
            if alert["status"] == "firing" and labels["alertname"] != "Watchdog" and labels.get("severity") != "none":
                found.add((labels.get("service") or "agent-api", labels["alertname"]))
    return found


@pytest.fixture(scope="module")
def source(portal):
    portal.shell(PEOPLE)
    return portal.manage("create_source", "main", "--default-service", "agent-api").split()[-1]


@pytest.fixture(scope="module")
def api(portal):
    import httpx

    token = portal.manage("create_token", "journey", "--role", "responder").split()[-1]
    return httpx.Client(base_url=portal.url, headers={"Authorization": f"Bearer {token}"}, timeout=20)


def next_tuesday() -> date:
    """A due date whose rungs 0, +3 and +7 all fall on working days."""
    today = datetime.now(UTC).date()
    return today + timedelta(days=(1 - today.weekday() - 1) % 7 + 1)


def at_clock(portal, moment: datetime) -> None:
    portal.manage("clock", str(int((moment - datetime.now(UTC)).total_seconds())))


def test_the_walk(portal, mailbox, jobs, source, api):
    # A story of captured requests and six more keys, each request twice: one incident a key, none for the Watchdog.
    bodies = [capture["body_raw"].encode() for capture in STORY]
    bodies += [crafted(f"Crafted{n}", severity="info") for n in range(6)]
    for body in bodies:
        for _ in range(2):
            answer = portal.hook(source, body)
            assert (answer.status_code, answer.json()["understood"]) == (200, True)
    opened = api.get("/api/incidents/?page_size=100").json()["results"]
    assert len(opened) == len(keys_of(bodies))
    assert not any("Watchdog" in incident["title"] for incident in opened)

    # An outage: the primary is mailed, nobody acknowledges, the secondary is mailed.
    portal.hook(source, crafted("AgentCompleteOutage", service="agent-worker"))
    incident = next(i for i in api.get("/api/incidents/?service=agent-worker").json()["results"] if "AgentCompleteOutage" in i["title"])
    mine = f"({incident['reference']})"
    eventually(lambda: mailbox.to(portal.email, mine))
    eventually(lambda: mailbox.to(SECOND, mine), 30)

    # Acknowledged by whoever got the page: nothing escalates after.
    ana = portal.signed_in()
    page = f"/incidents/{incident['id']}/"
    assert "Acknowledge" in ana.get(page).text
    assert "Mark identified" in portal.post(ana, f"{page}ack/").text
    count = len(mailbox.to("", mine))
    steps = portal.shell(f"from portal.models import Due; print(Due.objects.filter(kind='incidents.escalate', key='{incident['id']}').count())")
    assert steps == "0"

    # The runbook and a diagnostic are one click away; the result lands on the incident.
    shown = ana.get(page).text
    assert f"/incidents/{incident['id']}/runbook/high-error-rate/" in shown
    assert "Nothing answers" in ana.get(f"/r/AgentCompleteOutage?incident={incident['id']}").text
    with redis.Redis(port=jobs.port) as client:
        now = client.time()[0]
        client.zadd("jobs:running", {"abc-123": now - 450, "def-456": now - 380, "ghi-789": now - 320, "young": now - 3})
    portal.post(ana, "/diagnostics/stale-jobs/run/", about=f"incident:{incident['id']}", next=page)
    eventually(lambda: "3 stale jobs of 4 in processing" in ana.get(page).text)
    assert portal.manage("diagnose", "stale-jobs", "--age", "300").startswith("Found 3 stale jobs:\n  - abc-123: ")

    # Resolved; the postmortem starts in one click and its desk is in the admin.
    assert "Write postmortem" in portal.post(ana, f"{page}status/", to="resolved", expected="investigating").text
    assert len(mailbox.to("", mine)) == count
    desk = portal.post(ana, f"/postmortems/start/{incident['id']}/")
    assert "/admin/postmortems/postmortem/" in str(desk.url)
    _write(portal, ana, desk)
    item = ana.get("/api/action-items/").json()["results"][0]
    assert (item["status"], item["owner"]) == ("open", 1)

    # The clock moves; the task runs three times at each rung; the owner gets one reminder a rung.
    for reminders, rung in enumerate((0, 3, 7), start=1):
        at_clock(portal, datetime.combine(next_tuesday() + timedelta(days=rung), time(10), tzinfo=UTC))
        for _ in range(3):
            portal.shell("from postmortems.tasks import remind; remind.apply()")
        eventually(lambda n=reminders: len(mailbox.to(portal.email, item["reference"])) >= n)
    assert len(mailbox.to(portal.email, item["reference"])) == 3
    assert "7 days overdue" in ana.get(f"/actions/{item['id']}/").text
    assert "Done" in portal.post(ana, f"/actions/{item['id']}/done/", evidence="https://example.org/change/7").text

    # The next on call ticks the shift checklist.
    portal.shell("from oncall.tasks import open_shift_checklists; open_shift_checklists.apply()")
    checklist = next(c for c in ana.get("/api/checklists/").json()["results"] if c["person"] == 1)
    for line in checklist["items"]:
        if not line["proof"]:
            assert portal.post(ana, f"/oncall/checklists/items/{line['id']}/tick/").status_code == 200
    portal.post(ana, "/notify/methods/0/test/")
    tested = eventually(lambda: mailbox.to(portal.email, "Test page"))
    portal.post(ana, re.search(r"/t/[^/\s]+/", tested[0].get_body(("plain",)).get_content())[0])
    after = ana.get(f"/api/checklists/{checklist['id']}/").json()
    assert [line["state"] for line in after["items"]] == ["ticked"] * 9
    portal.manage("clock", "0")


def _write(portal, ana, desk) -> None:
    """Fill the admin's form as a browser would: every field as it came, the sections written, one action item added."""
    fields = {name: value for name, value in _inputs(desk.text)}
    for name in [name for name in fields if re.fullmatch(r"sections-\d+-body", name)]:
        fields[name] = fields[name] or "Every run failed, because the migration added a column without a default."
    fields |= {
        "action_items-TOTAL_FORMS": "1",
        "action_items-0-title": "Run old code against the new schema",
        "action_items-0-type": "prevent",
        "action_items-0-owner": "1",
        "action_items-0-team": "1",
        "action_items-0-due_on": next_tuesday().isoformat(),
        "action_items-0-status": "open",
        "action_items-0-postmortem": fields["sections-0-postmortem"],
    }
    saved = portal.post(ana, str(desk.url).removeprefix(portal.url), **fields)
    assert "was changed successfully" in saved.text, re.findall(r"errorlist.*?</ul>", saved.text, re.S)[:3]
    published = ana.get(str(desk.url).removeprefix(portal.url).replace("/change/", "/publish/"))
    assert "is now: published" in published.text


def _inputs(html: str):
    """(name, value) of a page's fields, as a browser would send them back."""
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found, self.area, self.select = [], None, None

        def handle_starttag(self, tag, attrs):
            attrs = dict(attrs)
            if tag == "input" and attrs.get("name") and attrs.get("type") not in {"submit", "button", "checkbox", "radio", "file"}:
                self.found.append((attrs["name"], attrs.get("value") or ""))
            elif tag == "textarea" and attrs.get("name"):
                self.area = [attrs["name"], ""]
            elif tag == "select" and attrs.get("name"):
                self.select = attrs["name"]
            elif tag == "option" and self.select and "selected" in attrs:
                self.found.append((self.select, attrs.get("value") or ""))

        def handle_data(self, data):
            if self.area:
                self.area[1] += data

        def handle_endtag(self, tag):
            if tag == "textarea" and self.area:
                self.found.append((self.area[0], self.area[1].removeprefix("\n")))
                self.area = None
            elif tag == "select":
                self.select = None

    reader = Reader()
    reader.feed(html)
    return [(name, value) for name, value in reader.found if "__prefix__" not in name and name != "csrfmiddlewaretoken"]


def test_64_posts_of_one_alert_at_one_moment_are_one_incident_and_one_page(portal, mailbox, source, api):
    body = crafted("RedisDown", service="redis")

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: portal.hook(source, body).status_code, range(64)))

    assert answers == [200] * 64
    [incident] = api.get("/api/incidents/?service=redis").json()["results"]
    eventually(lambda: mailbox.to(portal.email, incident["reference"]))
    api.post(f"/api/incidents/{incident['id']}/acknowledge/")
    first = f"Message.objects.filter(about='incident:{incident['id']}', dedup_key__contains=':0:0:')"
    pages = portal.shell(f"from portal.notify.models import Message; print({first}.count())")
    assert pages == "1"
