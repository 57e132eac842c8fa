"""Who may do what with tokens, escalation, memberships and checklist templates over HTTP."""

from __future__ import annotations

from datetime import timedelta

from oncall.models import EscalationPolicy, EscalationStep, Membership
from tests.authorisation import ADMIN as ONLY_ADMIN
from tests.authorisation import LEAD, READ, Row
from tests.oncall.authorisation import EDITORS, GIVER, RESPONDER, STAFF, of


def build(world):
    world.policy = EscalationPolicy.objects.create(team=world.team, severity=2)
    EscalationStep.objects.create(policy=world.policy, whom="primary")
    world.membership = Membership.objects.get(user=world.people["editor"])


def policy(world):
    return {"pk": world.policy.pk}


def new_policy(world):
    return {"team": world.team.slug, "severity": 3, "steps": [{"after": "00:05:00", "whom": "lead"}]}


def membership(world):
    return {"pk": world.membership.pk}


def new_membership(world):
    return {"team": world.team.slug, "user": world.people["responder"].pk, "role": "member"}


def token(world):
    from portal.accounts.models import ApiToken

    return {"pk": ApiToken.objects.get(name="write_token").pk}


def rotation(world):
    return {"pk": world.rotation.pk}


def new_rotation(world):
    return {"team": world.team.slug, "name": "Another", "lane": "secondary", "begins_on": "2026-03-02", "people": [world.people["responder"].pk]}


def soon(world, days=3):
    return {"starts_at": (world.now + timedelta(days=days)).isoformat(), "ends_at": (world.now + timedelta(days=days + 1)).isoformat()}


def new_layer(world):
    return {"rotation": world.rotation.pk, "name": "Another", "begins_on": "2026-03-02", "people": [world.people["responder"].pk]}


def new_cover(world):
    return {"rotation": world.rotation.pk, "person": world.people["responder"].pk, **soon(world)}


def new_swap(world):
    return {"rotation": world.rotation.pk, "taker": world.people["lead"].pk, **soon(world)}


def template(world):
    return {"slug": "matrix"}


def new_template(world):
    return {"slug": "another", "name": "Another", "items": [{"text": "Look"}]}


ROWS = [
    Row("api:token-list", "GET", ONLY_ADMIN),
    Row("api:token-list", "POST", ONLY_ADMIN, data=lambda world: {"name": "deployer", "role": "editor", "team": world.team.slug}),
    Row("api:token-detail", "GET", ONLY_ADMIN, token),
    Row("api:token-revoke", "POST", ONLY_ADMIN, token),
    Row("api:escalation-policy-list", "GET", READ),
    Row("api:escalation-policy-list", "POST", LEAD, data=new_policy),
    Row("api:escalation-policy-detail", "GET", READ, policy),
    *(Row("api:escalation-policy-detail", method, LEAD, policy, new_policy) for method in ("PUT", "PATCH", "DELETE")),
    Row("api:membership-list", "GET", READ),
    Row("api:membership-list", "POST", LEAD, data=new_membership),
    Row("api:membership-detail", "GET", READ, membership),
    *(Row("api:membership-detail", method, LEAD, membership, new_membership) for method in ("PUT", "PATCH", "DELETE")),
    Row("api:rotation-list", "POST", LEAD, data=new_rotation),
    *(Row("api:rotation-detail", method, LEAD, rotation, new_rotation) for method in ("PUT", "PATCH")),
    Row("api:layer-list", "GET", READ),
    Row("api:layer-list", "POST", LEAD, data=new_layer),
    Row("api:layer-detail", "GET", READ, of("layer")),
    *(Row("api:layer-detail", method, LEAD, of("layer"), new_layer) for method in ("PUT", "PATCH", "DELETE")),
    Row("api:override-list", "GET", READ),
    Row("api:override-list", "POST", LEAD | RESPONDER, data=new_cover),
    Row("api:override-detail", "GET", READ, of("override")),
    Row("api:override-detail", "DELETE", LEAD | RESPONDER, of("override")),
    Row("api:swap-list", "GET", READ),
    Row("api:swap-list", "POST", STAFF, data=new_swap),
    Row("api:swap-detail", "GET", READ, of("swap")),
    Row("api:swap-accept", "POST", RESPONDER, of("swap")),
    Row("api:swap-decline", "POST", RESPONDER, of("swap")),
    Row("api:swap-take-back", "POST", GIVER, of("swap")),
    Row("api:absence-list", "GET", READ),
    Row("api:absence-list", "POST", READ - {"read_token"}, data=soon),
    Row("api:absence-detail", "GET", RESPONDER, of("absence")),
    Row("api:absence-detail", "DELETE", RESPONDER, of("absence")),
    Row("api:handoff-list", "GET", READ),
    Row("api:handoff-detail", "GET", READ, of("handoff")),
    Row("api:handoff-accept", "POST", LEAD | RESPONDER, of("handoff")),
    Row("api:checklist-template-list", "GET", READ),
    Row("api:checklist-template-list", "POST", EDITORS, data=new_template),
    Row("api:checklist-template-detail", "GET", READ, template),
    *(Row("api:checklist-template-detail", method, EDITORS, template, new_template) for method in ("PUT", "PATCH")),
]
