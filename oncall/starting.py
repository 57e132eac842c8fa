"""What a new installation answers with: a team, its services, a rotation, an escalation, the shift checklist."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from oncall import searching
from oncall.checklists import SHIFT_TEMPLATE
from oncall.models import (
    ChecklistTemplate,
    EscalationPolicy,
    EscalationStep,
    Membership,
    Rotation,
    Service,
    Team,
    TemplateItem,
    Turn,
)
from portal.accounts.models import User

SHIFT_ITEMS = (
    "Laptop charged and ready",
    "Phone charged and alerts enabled",
    "VPN configured and tested",
    "Access to all systems verified",
    "Runbooks bookmarked",
    "Secondary on-call contact saved",
    "PagerDuty app installed and tested",
    "Slack mobile notifications enabled",
    "Calendar blocked (no conflicts)",
)
SERVICES = (
    ("agent-api", 1, "Takes agents' requests and answers them."),
    ("agent-worker", 1, "Works agents' jobs from the queue."),
    ("database", 1, "PostgreSQL: conversations, jobs, accounts."),
    ("redis", 2, "The job queue and the cache."),
    ("model-provider", 2, "The language model's API, outside our house."),
)
# severity: (rounds, [(minutes, whom)]); product defaults, edited in the admin
ESCALATION = {
    1: (3, [(0, "primary"), (5, "primary"), (15, "secondary"), (25, "lead")]),
    2: (2, [(0, "primary"), (5, "primary"), (15, "secondary")]),
}


def lay_out(now: datetime) -> str:
    """The seed chapter of on call. Rows that exist, edited or not, are left alone; a team that exists is not added to."""
    made = []
    if not ChecklistTemplate.objects.filter(slug=SHIFT_TEMPLATE).exists():
        template = ChecklistTemplate.objects.create(slug=SHIFT_TEMPLATE, name="Before the shift")
        TemplateItem.objects.bulk_create(TemplateItem(template=template, order=n, text=text) for n, text in enumerate(SHIFT_ITEMS))
        made.append(f"a checklist of {len(SHIFT_ITEMS)} items")
    if not Team.objects.exists():
        made.append(_lay_out_team(now))
    return ", ".join(made)


def _lay_out_team(now: datetime) -> str:
    team = Team.objects.create(name="Platform", slug="platform", is_default=True)
    zone = settings.DEFAULT_TEAM_TIME_ZONE
    for name, tier, text in SERVICES:
        searching.index(Service.objects.create(name=name, slug=name, tier=tier, description=text, team=team, time_zone=zone))
    today = now.date()
    rotation = Rotation.objects.create(
        team=team, name="Platform primary", lane="primary", time_zone=zone, begins_on=today - timedelta(days=today.weekday() + 7)
    )
    first = User.objects.filter(is_service=False, is_active=True).order_by("pk").first()
    if first:
        Membership.objects.create(team=team, user=first, role=Membership.Role.LEAD)
        Turn.objects.create(rotation=rotation, person=first, order=1)
    for severity, (rounds, steps) in ESCALATION.items():
        policy = EscalationPolicy.objects.create(team=team, severity=severity, rounds=rounds)
        for minutes, whom in steps:
            EscalationStep.objects.create(policy=policy, after=timedelta(minutes=minutes), whom=whom)
    return f"a team, {len(SERVICES)} services and a rotation" + ("" if first else " without people")
