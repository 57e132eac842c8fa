"""The runbooks that Standby ships with: read from `starter/`, laid out once, never over somebody's edit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from oncall.models import Service
from oncall.models.team import default_team
from runbooks import editing
from runbooks.models import Runbook, RunbookAlias

STARTER = Path(__file__).resolve().parent / "starter"
# slug: (services, alerts that it answers)
SHIPPED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "high-error-rate": (("agent-api",), ("AgentHighErrorRate", "AgentCompleteOutage", "AgentTargetsMissing")),
    "high-latency": (("agent-api",), ("AgentHighLatency",)),
    "queue-depth-growing": (("agent-worker",), ("AgentQueueBacklog",)),
    "database-issues": (("database",), ("DatabaseConnectionsNearLimit",)),
    "redis-down": (("redis",), ("RedisDown",)),
    "rate-limits": (("model-provider",), ("AgentRateLimited",)),
    "deployment-rollback": (("agent-api", "agent-worker"), ()),
}


def lay_out(now: datetime) -> str:
    """The seed chapter of runbooks: what is missing by its slug is made; what exists is left alone."""
    team = default_team()
    if team is None:
        return ""
    made = 0
    for slug, (services, alerts) in SHIPPED.items():
        if Runbook.objects.filter(slug=slug).exists():
            continue
        title, summary, body = read(slug)
        path = f"runbooks/starter/{slug}.md"
        runbook = Runbook(slug=slug, title=title, summary=summary, body=body, team=team, source=Runbook.Source.SHIPPED, source_path=path)
        taken = set(RunbookAlias.objects.filter(alertname__in=alerts).values_list("alertname", flat=True))
        free = [name for name in alerts if name not in taken]
        editing.save(runbook, by=None, at=now, services=Service.objects.filter(slug__in=services), aliases=free)
        made += 1
    return f"{made} runbooks" if made else ""


def read(slug: str) -> tuple[str, str, str]:
    """Title (the first heading), summary (the first paragraph) and whole text of a shipped runbook."""
    body = (STARTER / f"{slug}.md").read_text(encoding="utf-8")
    heading, summary, *_ = [part.strip() for part in body.split("\n\n")]
    return heading.removeprefix("# ").strip(), " ".join(summary.split()), body
