"""What a new installation answers with: a team, its services, a rotation, an escalation, the shift checklist."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from oncall import searching
from oncall.checklists import ACCESS_TEMPLATE, PRODUCTION_TEMPLATE, SHIFT_TEMPLATE
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
PROOFS = {"Phone charged and alerts enabled": "test-page"}  # items that a check ticks
# (group, text, what to copy or open), words as the practice has them
ACCESS_ITEMS = (
    ("Test access to all systems", "kubectl access", "kubectl get pods"),
    ("Test access to all systems", "SSH access", "ssh production-server"),
    ("Test access to all systems", "Dashboard access", "curl https://grafana.company.com"),
    ("Bookmark", "Grafana dashboards", ""),
    ("Bookmark", "Runbook repository", ""),
    ("Bookmark", "PagerDuty schedule", ""),
    ("Bookmark", "Status page admin", ""),
    ("Check the escalation path", "Who is secondary on-call?", ""),
    ("Check the escalation path", "Who is engineering manager?", ""),
    ("Check the escalation path", "What is the escalation SLA?", ""),
)
PRODUCTION_ITEMS = {
    "Detection": (
        "Alert acknowledged within 5 minutes",
        "Severity assessed (SEV1-4)",
        "Monitoring dashboard opened",
        "Recent changes reviewed",
    ),
    "Response": (
        "Runbook opened",
        "Diagnostic steps followed",
        "Mitigation attempt made",
        "Secondary paged if needed (>15 min)",
    ),
    "Communication": (
        "Status page updated",
        "Incident channel created (#incident-YYYY-MM-DD)",
        "Stakeholders notified",
        "Updates every 15-30 minutes",
    ),
    "Resolution": (
        "Metrics confirmed normal",
        "Monitored for 15-30 minutes",
        "Status page updated (resolved)",
        "Incident timeline documented",
    ),
    "Follow-up": (
        "Postmortem scheduled (24-48h)",
        "Action items created",
        "Runbooks updated",
        "Lessons shared",
    ),
}
SERVICES = (
    ("agent-api", 1, "Takes agents' requests and answers them."),
    ("agent-worker", 1, "Works agents' jobs from the queue."),
    ("database", 1, "PostgreSQL: conversations, jobs, accounts."),
    ("redis", 2, "The job queue and the cache."),
    ("model-provider", 2, "The language model's API, outside our house."),
)
# severity: (rounds, [(minutes, whom)]); whoever is asked again is asked on the second channel; product defaults, edited in the admin
ESCALATION = {
    1: (3, [(0, "primary"), (5, "primary"), (15, "secondary"), (25, "lead")]),
    2: (2, [(0, "primary"), (5, "primary"), (15, "secondary")]),
}


def lay_out(now: datetime) -> str:
    """The seed chapter of on call. Rows that exist, edited or not, are left alone; a team that exists is not added to."""
    made = []
    for slug, name, before_shifts, items in _checklists():
        template, new = ChecklistTemplate.objects.get_or_create(slug=slug, defaults={"name": name, "before_shifts": before_shifts})
        if new:
            TemplateItem.objects.bulk_create(
                TemplateItem(template=template, order=n, group=group, text=text, detail=detail, proof=PROOFS.get(text, ""))
                for n, (group, text, detail) in enumerate(items)
            )
            made.append(f"a checklist of {len(items)} items")
    if not Team.objects.exists():
        made.append(_lay_out_team(now))
    return ", ".join(made)


def _checklists() -> list[tuple[str, str, bool, list[tuple[str, str, str]]]]:
    """Slug, name, whether it is opened for each shift, and (group, text, detail) of each item."""
    production = [(group, text, "") for group, texts in PRODUCTION_ITEMS.items() for text in texts]
    return [
        (SHIFT_TEMPLATE, "Before the shift", True, [("", text, "") for text in SHIFT_ITEMS]),
        (ACCESS_TEMPLATE, "Access before the shift", True, list(ACCESS_ITEMS)),
        (PRODUCTION_TEMPLATE, "Production incident", False, production),
    ]


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
        asked: set[str] = set()
        for minutes, whom in steps:
            by = EscalationStep.By.SECOND if whom in asked else EscalationStep.By.FIRST
            EscalationStep.objects.create(policy=policy, after=timedelta(minutes=minutes), whom=whom, by=by)
            asked.add(whom)
    return f"a team, {len(SERVICES)} services and a rotation" + ("" if first else " without people")
