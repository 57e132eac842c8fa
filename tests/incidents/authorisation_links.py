"""The link of a page is its own right: whoever has it acts as the person who was paged, once they press its button."""

from __future__ import annotations

from incidents import links
from incidents.models import Incident
from tests.authorisation import PUBLIC, Row


def build(world):
    world.linked = Incident.objects.create(title="Linked", severity=1, opened_at=world.now)
    world.ack_token = links.acknowledge_url(world.linked, world.people["responder"], None).rstrip("/").rpartition("/")[2]


def token(world):
    return {"token": world.ack_token}


ROWS = [Row("acknowledge-by-link", "GET", PUBLIC, token), Row("acknowledge-by-link", "POST", PUBLIC, token)]
