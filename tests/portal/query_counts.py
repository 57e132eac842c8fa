"""Pages of the frame whose queries are counted."""

from __future__ import annotations

from portal import clock
from portal.accounts.models import User
from portal.models import Decision, Resource
from portal.notify import outbox
from portal.notify.models import Attempt
from portal.search import documents
from tests.conftest import person
from tests.query_counting import Counted


def people(reader, number):
    for count in range(number):
        person(f"P{number}x{count}")


def one_leaves(reader):
    leaver = User.objects.filter(name="Leaver").first() or person("Leaver")
    return f"/people/{leaver.pk}/switch-off/"


def decided(reader, number):
    for count in range(number):
        by = person(f"D{number}x{count}")
        Decision.objects.create(kind="forced_close", about=f"incident:{count}", by=by, at=clock.now(), reason="Nothing is left to do")


def resources(reader, number):
    start = Resource.objects.count()
    Resource.objects.bulk_create(Resource(title=f"R{start + n}", url=f"https://r{start + n}.example.org/") for n in range(number))


def sent(reader, number):
    for count in range(number):
        message = outbox.not_sent(reader, subject="Told", reason="quiet", dedup_key=f"{number}x{count}", at=clock.now())
        Attempt.objects.create(message=message, number=1, started_at=clock.now(), ended_at=clock.now(), outcome="failed")


def told(reader):
    """Somebody else, who was told things."""
    return User.objects.filter(email="told@example.org").first() or person("Told")


def found(reader, number):
    """Documents that the search lists."""
    for count in range(number):
        key = f"counted:{number}-{count}"
        documents.index(key, [documents.Document(key=key, kind="incident", title=f"Queue {count}", body="The queue grew.", url="/incidents/")])


PAGES = [
    Counted("message-log", lambda reader: "/notify/messages/", sent),
    Counted("message-log-of", lambda reader: f"/notify/messages/{told(reader).pk}/", lambda reader, number: sent(told(reader), number)),
    Counted("search", lambda reader: "/search/?q=queue", found),
    Counted("home", lambda reader: "/", people),
    Counted("people", lambda reader: "/people/", people),
    Counted("person-switch-off", one_leaves, people),
    Counted("profile", lambda reader: "/profile/"),
    Counted("decision-list", lambda reader: "/decisions/", decided),
    Counted("decision-export", lambda reader: "/decisions.csv", decided),
    Counted("first-steps", lambda reader: "/first-steps/", resources),
    Counted("components", lambda reader: "/components/"),
    Counted("admin-index", lambda reader: "/admin/"),
]
