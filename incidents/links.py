"""Links in pages: they expire, they name who was paged, and only a press of the button behind them acknowledges anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing

from incidents.models import Incident
from portal.accounts.models import User
from portal.notify.contact import ContactMethod
from portal.notify.methods import TooOld

SALT = "incidents.acknowledge"
LASTS = timedelta(hours=24)


@dataclass(slots=True)
class Link:
    """What a link in a page says: which incident, who was paged, by which method."""

    incident: Incident
    person: User
    method: ContactMethod | None


def acknowledge_url(incident: Incident, person: User, method: ContactMethod | None) -> str:
    token = signing.dumps([incident.pk, person.pk, method.pk if method else 0, incident.pages_begun], salt=SALT)
    return f"{settings.BASE_URL}/ack/{token}/"


def read(token: str) -> Link:
    """Raises: TooOld: expired, not ours, its person switched off, or the incident was paged anew since. 2-3 queries."""
    try:
        incident_id, person_id, method_id, begun = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError) as wrong:
        raise TooOld("This link does not work any more. Sign in to see what is open.") from wrong
    incident = Incident.objects.select_related("service__team", "acknowledged_by").filter(pk=incident_id).first()
    person = User.objects.filter(pk=person_id, is_active=True).first()
    if incident is None or person is None or incident.pages_begun != begun:
        raise TooOld("This link is from an earlier page. A newer one was sent, or sign in to see what is open.")
    return Link(incident, person, ContactMethod.objects.filter(pk=method_id, owner=person).first() if method_id else None)
