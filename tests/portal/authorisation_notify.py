"""Who may do what with contact methods and the log of messages. The method and the rule are the responder's."""

from __future__ import annotations

from portal.notify import methods
from portal.notify.contact import ContactMethod, OwnRule
from tests.authorisation import PUBLIC, READ, Row

OWN = READ - {"read_token", "write_token"}
MINE = frozenset({"responder"})


def build(world):
    responder = world.people["responder"]
    world.method = ContactMethod.objects.create(owner=responder, kind="email", address="r@example.org", created_at=world.now)
    world.own_rule = OwnRule.objects.create(owner=responder, method=world.method)
    world.test_token = methods._token(responder, world.method)


def method(world):
    return {"pk": world.method.pk}


def test_token(world):
    return {"token": world.test_token}


ROWS = [
    Row("method-add", "POST", OWN, data=lambda world: {"kind": "email", "address": "new@example.org"}),
    *(Row(f"method-{verb}", "POST", MINE, method) for verb in ("test", "remove", "first")),
    Row("own-rule-add", "POST", OWN),
    Row("own-rule-remove", "POST", MINE, lambda world: {"pk": world.own_rule.pk}),
    Row("quiet-hours", "POST", OWN, data=lambda world: {"starts": "22:00", "ends": "07:00"}),
    Row("message-log", "GET", OWN),
    Row("message-log-of", "GET", frozenset({"responder", "admin"}), lambda world: {"pk": world.people["responder"].pk}),
    Row("test-page", "GET", PUBLIC, test_token),
    Row("test-page", "POST", PUBLIC, test_token),
]
