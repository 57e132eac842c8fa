"""Who may do what with people, messages, decisions and webhooks over HTTP."""

from __future__ import annotations

from portal import decisions
from portal.notify.models import Message
from portal.webhooks.models import Delivery, Webhook, new_secret
from tests.authorisation import ADMIN as ONLY_ADMIN
from tests.authorisation import READ, Row


def build(world):
    at = world.now
    world.hook = Webhook.objects.create(name="Matrix", url="https://matrix.example.org/", secret=new_secret(), events=["never.*"], created_at=at)
    world.telling = Delivery.objects.create(webhook=world.hook, event="webhook.ping", about="webhook:1", body="{}", created_at=at)
    world.message = Message.objects.create(
        dedup_key="matrix", purpose="notice", channel="console", recipient=world.people["responder"], subject="Matrix", body="", created_at=at
    )
    kind = next(name for name, _ in decisions.kinds)
    world.decision = decisions.record(kind, "matrix:1", world.people["lead"], at, "a good enough reason")


def user(world):
    return {"pk": world.people["responder"].pk}


def hook(world):
    return {"pk": world.hook.pk}


def telling(world):
    return {"pk": world.telling.pk}


def new_person(world):
    return {"email": "new@example.org", "name": "New"}


def new_hook(world):
    return {"name": "Another", "url": "https://another.example.org/", "events": ["incident.*"]}


ROWS = [
    Row("api:user-list", "GET", READ),
    Row("api:user-list", "POST", ONLY_ADMIN, data=new_person),
    Row("api:user-detail", "GET", READ, user),
    *(Row("api:user-detail", method, ONLY_ADMIN, user, lambda world: {"name": "Renamed", "email": "r@example.org"}) for method in ("PUT", "PATCH")),
    Row("api:message-list", "GET", ONLY_ADMIN),
    Row("api:message-detail", "GET", ONLY_ADMIN, lambda world: {"pk": world.message.pk}),
    Row("api:decision-list", "GET", READ),
    Row("api:decision-detail", "GET", READ, lambda world: {"pk": world.decision.pk}),
    Row("api:webhook-list", "GET", ONLY_ADMIN),
    Row("api:webhook-list", "POST", ONLY_ADMIN, data=new_hook),
    *(Row("api:webhook-detail", method, ONLY_ADMIN, hook, new_hook) for method in ("GET", "PUT", "PATCH", "DELETE")),
    Row("api:webhook-ping", "POST", ONLY_ADMIN, hook),
    Row("api:webhook-delivery-list", "GET", ONLY_ADMIN),
    Row("api:webhook-delivery-detail", "GET", ONLY_ADMIN, telling),
    Row("api:webhook-delivery-redeliver", "POST", ONLY_ADMIN, telling),
]
ADMIN = {
    "webhooks.webhook": (ONLY_ADMIN, ONLY_ADMIN),
    "webhooks.delivery": (ONLY_ADMIN, frozenset()),
}
